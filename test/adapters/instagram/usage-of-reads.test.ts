import test from 'ava'
import { createInstagramChannel } from '../../../src/adapters/instagram/channel.ts'
import type { ChannelAccount } from '../../../src/core/channel/delivery.ts'
import type { ExternalMessageId, ExternalUserId } from '../../../src/core/ids.ts'
import type { ChannelAdapter, Demanding } from '../../../src/ports/channel-adapter.ts'
import { account, json, startGraphServer } from './graph-server.ts'

const signal = new AbortController().signal
const person = '2100000000000345' as ExternalUserId
const id = '17977000000000001' as ExternalMessageId

/** Every call that is not a send. */
const READS: Readonly<Record<string, (of: ChannelAdapter, from: ChannelAccount) => Promise<Demanding> | undefined>> = {
  'a profile': ({ profiles }, from) => profiles?.look(person, from, signal),
  'a post': ({ media }, from) => media?.look({ mediaId: id, commentId: null }, from, signal),
  'a mention': ({ media }, from) => media?.mention({ mediaId: '18', externalId: id }, from, signal),
  conversations: ({ history }, from) => history?.conversations({ cursor: null, limit: 5 }, from, signal),
  'a conversation': ({ history }, from) => history?.conversation({ externalId: 'c', person: null }, from, signal),
  'what was said with a person': ({ history }, from) => history?.withPerson(person, from, signal),
  'a message': ({ history }, from) => history?.message(id, from, signal),
  'answers to a comment': ({ comments }, from) => comments?.own(id, from, signal),
  'hiding a comment': ({ comments }, from) => comments?.moderate(id, 'HIDE', from, signal),
  'deleting a comment': ({ comments }, from) => comments?.moderate(id, 'DELETE', from, signal),
  'prolonging a token': ({ tokens }, from) => tokens?.refresh(from, signal),
  'the doctor': ({ doctor }, from) => doctor?.examine({ ...from, missingPermissions: null }, signal),
}

const usage = (percent: number, regainMinutes: number) => ({
  'x-app-usage': JSON.stringify({ call_count: 12, total_time: 5, total_cputime: 5 }),
  'x-business-use-case-usage': JSON.stringify({
    '17841455500000011': [
      { type: 'instagram', call_count: percent, total_time: 1, estimated_time_to_regain_access: regainMinutes },
    ],
  }),
})

const ANSWERS = {
  'what it was asked for': (headers: Record<string, string>) =>
    json(
      200,
      { data: [], id: '1', user_id: '17841455500000011', access_token: 'IGAAnew', expires_in: 5_184_000 },
      headers,
    ),
  nothing: (headers: Record<string, string>) =>
    json(400, { error: { code: 100, error_subcode: 33, message: 'no' } }, headers),
  'not now': (headers: Record<string, string>) => json(500, '<html>', headers),
}

for (const [name, read] of Object.entries(READS)) {
  // proves: fail.usage-of-reads
  test(`${name}: what the usage headers demand is told with every answer`, async (t) => {
    for (const [what, answer] of Object.entries(ANSWERS)) {
      for (const [percent, regainMinutes, demanded] of [
        [50, 0, []],
        [80, 0, [{ pauses: 'account', afterMs: 500, reason: 'usage-high' }]],
        [100, 7, [{ pauses: 'account', afterMs: 420_000, reason: 'throttled' }]],
      ] as const) {
        const server = await startGraphServer(answer(usage(percent, regainMinutes)))
        const config = { graphUrl: server.url, facebookGraphUrl: `${server.url}/fb`, graphVersion: 'v26.0' }
        const found = await read(createInstagramChannel(config, { fetch }), account())
        await server.stop()
        // One call or more: each tells the same.
        t.deepEqual(
          [...new Set((found?.demands ?? []).map((demand) => JSON.stringify(demand)))].map((one) => JSON.parse(one)),
          demanded,
          what,
        )
        t.true(server.calls.length > 0)
      }
    }
  })
}
