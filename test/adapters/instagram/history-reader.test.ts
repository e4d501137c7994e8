import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { createInstagramSimulator } from '../../../dev/instagram-simulator/index.ts'
import { createInstagramChannel } from '../../../src/adapters/instagram/channel.ts'
import type { ChannelAccount } from '../../../src/core/channel/delivery.ts'
import type { ExternalAccountId, ExternalMessageId, ExternalUserId } from '../../../src/core/ids.ts'
import type { HistoryReader } from '../../../src/ports/channel-adapter.ts'
import { account as anAccount, json, startGraphServer, TOKEN } from './graph-server.ts'

const signal = new AbortController().signal
const NOW = new Date('2026-01-02T12:00:00.000Z')

const readerOf = (url: string): HistoryReader => {
  const config = { graphUrl: url, facebookGraphUrl: `${url}/graph.facebook.com`, graphVersion: 'v26.0' }
  const { history } = createInstagramChannel({ ...config, sendTimeoutMs: 5_000 }, { fetch })
  if (!history) throw new Error('Instagram tells of what was written before')
  return history
}

async function setUp(t: ExecutionContext, login: 'instagram' | 'facebook' = 'instagram') {
  let now = NOW.getTime()
  const clock = () => {
    now += 1_000
    return new Date(now)
  }
  const simulator = await createInstagramSimulator({ clock })
  t.teardown(simulator.close)
  const meta = simulator.account({ login })
  const settings = { login, pageId: meta.id, ...(login === 'facebook' ? { facebookPageId: meta.pageId } : {}) }
  const account: ChannelAccount = {
    ...anAccount({ settings, secrets: { accessToken: meta.accessToken } }),
    account: meta.id as ExternalAccountId,
  }
  return { simulator, account, history: readerOf(simulator.url), hold: { hold: true } as const }
}

for (const login of ['instagram', 'facebook'] as const) {
  // proves: login.history
  test(`conversations and messages are read under the ids that webhooks carry (${login} login)`, async (t) => {
    const { simulator, account, history, hold } = await setUp(t, login)
    const [mia, ben] = [simulator.customer({ username: 'mia' }), simulator.customer()]
    const first = await simulator.dm(mia, 'Is this in stock?', hold)
    const answer = await simulator.typedOnPhone(mia, 'It is', hold)
    const other = await simulator.dm(ben, 'hello', hold)

    const listed = await history.conversations({ cursor: null, limit: 10 }, account, signal)
    if (listed.status !== 'found') return t.fail(listed.detail)
    t.is(listed.nextCursor, null)
    t.deepEqual(
      listed.conversations.map(({ person, messages }) => [person?.externalId, messages.map((one) => one.externalId)]),
      [
        [ben.id, [other.mid]],
        [mia.id, [answer.mid, first.mid]],
      ] as unknown[],
    )
    t.true(listed.conversations[0]?.updatedAt instanceof Date)

    const [, withMia] = listed.conversations
    if (!withMia) return t.fail()
    const read = await history.conversation(withMia, account, signal)
    if (read.status !== 'found') return t.fail(read.detail)
    t.like(read.messages[0], { externalId: answer.mid, author: 'ACCOUNT', text: 'It is', kind: 'TEXT' })
    t.like(read.messages[1], { externalId: first.mid, author: 'CUSTOMER', text: 'Is this in stock?' })
    t.deepEqual(read.messages[0]?.person, { externalId: mia.id as ExternalUserId, username: 'mia', name: null })
    t.is(read.messages[1]?.at.getUTCMilliseconds(), 0)

    t.deepEqual(await history.withPerson(mia.id as ExternalUserId, account, signal), read)
    t.deepEqual(await history.message(first.mid as ExternalMessageId, account, signal), {
      status: 'found',
      message: read.messages[1],
    } as never)
  })
}

test('pages go on where the last one ended', async (t) => {
  const { simulator, account, history, hold } = await setUp(t)
  const people = Array.from({ length: 5 }, () => simulator.customer())
  for (const person of people) await simulator.dm(person, 'hello', hold)
  const seen: unknown[] = []
  for (let cursor: string | null | undefined = null; cursor !== undefined; ) {
    const page = await history.conversations({ cursor, limit: 2 }, account, signal)
    if (page.status !== 'found') return t.fail(page.detail)
    seen.push(...page.conversations.map(({ person }) => person?.externalId))
    cursor = page.nextCursor ?? undefined
  }
  t.deepEqual(seen, people.map(({ id }) => id).reverse())
})

test('only the twenty newest are told in detail, and none that was taken back', async (t) => {
  const { simulator, account, history, hold } = await setUp(t)
  const mia = simulator.customer()
  const oldest = await simulator.dm(mia, 'oldest', hold)
  for (let count = 0; count < 20; count++) await simulator.dm(mia, `${count}`, hold)
  const gone = await simulator.dm(mia, 'gone', hold)
  await simulator.unsend(mia, gone.mid ?? '', hold)
  const read = await history.withPerson(mia.id as ExternalUserId, account, signal)
  if (read.status !== 'found') return t.fail(read.detail)
  t.deepEqual(
    read.messages.map(({ text }) => text),
    Array.from({ length: 20 }, (_, index) => `${19 - index}`),
  )
  for (const { mid } of [oldest, gone]) {
    t.like(await history.message(mid as ExternalMessageId, account, signal), { status: 'withheld', reason: 'gone' })
  }
  t.deepEqual(await history.withPerson('1200000000000001' as ExternalUserId, account, signal), {
    status: 'found',
    messages: [],
  })
})

const PERSON = '12000000000000012345'
const details = (message: object) => ({
  id: 'aWdfA',
  created_time: '2026-01-01T00:00:00+0000',
  from: { username: 'a.buyer', id: PERSON },
  to: { data: [{ username: 'shop', id: '17841455500000011' }] },
  ...message,
})

async function read(t: ExecutionContext, answer: Parameters<typeof startGraphServer>[0]) {
  const server = await startGraphServer(answer)
  t.teardown(server.stop)
  const found = await readerOf(server.url).message('aWdfA' as ExternalMessageId, anAccount(), signal)
  t.false(JSON.stringify(found).includes(TOKEN))
  return found
}

test('everything that a message can hold is read as its webhook would be', async (t) => {
  const url = 'https://cdn.example/a'
  const attachments = {
    data: [
      { id: '1', mime_type: 'image/jpeg', image_data: { url, preview_url: 'https://cdn.example/p', width: 1 } },
      { id: '2', mime_type: 'video/mp4', video_data: { url } },
      { id: '3', mime_type: 'audio/mp4', file_url: url },
      { id: '4', mime_type: 'application/pdf', name: 'offer.pdf', file_url: url },
    ],
  }
  const shares = { data: [{ link: url, name: 'A post', id: '18000000000000001' }] }
  t.like(await read(t, json(200, details({ message: '', attachments, shares }))), {
    message: {
      kind: 'MEDIA',
      text: null,
      at: new Date('2026-01-01T00:00:00.000Z'),
      attachments: [
        { type: 'IMAGE', url, title: null, platformType: 'image' },
        { type: 'VIDEO', url, title: null, platformType: 'video' },
        { type: 'AUDIO', url, title: null, platformType: 'audio' },
        { type: 'FILE', url, title: 'offer.pdf', platformType: 'file' },
        { type: 'SHARE', url, title: 'A post', platformType: 'share' },
      ],
      context: { type: 'SHARE', mediaId: '18000000000000001' },
    },
  } as never)
  const answered = { story: { reply_to: { link: url, id: '18000000000000002' } }, message: 'Nice' }
  t.like(await read(t, json(200, details(answered))), {
    message: { kind: 'STORY_REPLY', context: { type: 'STORY_REPLY', mediaUrl: url, mediaId: '18000000000000002' } },
  } as never)
  t.like(await read(t, json(200, details({ story: { mention: { link: url, id: '7' } } }))), {
    message: { kind: 'STORY_MENTION', attachments: [], context: { type: 'STORY_MENTION', mediaUrl: url } },
  } as never)
  t.like(await read(t, json(200, details({ message: 'that', reply_to: { mid: 'aWdfB' } }))), {
    message: { kind: 'TEXT', replyToExternalId: 'aWdfB' },
  } as never)
  t.like(await read(t, json(200, details({ is_unsupported: true }))), { message: { kind: 'UNSUPPORTED' } } as never)
})

test('ids beyond 2^53 keep their digits, also where they come as numbers', async (t) => {
  const text = JSON.stringify(details({ message: 'hi' })).replace(`"${PERSON}"`, PERSON)
  t.like(await read(t, json(200, text)), { message: { person: { externalId: PERSON } } } as never)
})

test('trouble is asked about again; what the platform will not tell is withheld, with why', async (t) => {
  const refusal = (code: number, subcode?: number, status = 400) =>
    json(status, { error: { message: 'no', code, ...(subcode ? { error_subcode: subcode } : {}) } })
  for (const [answer, reason] of [
    [refusal(9000001), 'gone'],
    [refusal(100, 33), 'gone'],
    [refusal(190, 463), 'credentials-rejected'],
    [refusal(200, 2534041, 403), 'permission-missing'],
    [refusal(3, undefined, 403), 'permission-missing'],
    [refusal(36103), 'refused'],
    [json(200, {}), 'gone'],
  ] as const) {
    t.like(await read(t, answer), { status: 'withheld', reason })
  }
  t.like(await read(t, json(429, {}, { 'retry-after': '30' })), { status: 'retry', afterMs: 30_000 })
  for (const answer of [refusal(613), refusal(2), json(500, ''), json(200, '<html>')]) {
    t.is((await read(t, answer)).status, 'retry')
  }
  const noToken = await readerOf('http://127.0.0.1:9').conversations(
    { cursor: null, limit: 1 },
    anAccount({ secrets: {} }),
    signal,
  )
  t.like(noToken, { status: 'withheld', reason: 'credentials-rejected' })
})

test('whatever the answer holds, reading never throws', async (t) => {
  let body: unknown
  const server = await startGraphServer((response, socket) => json(200, JSON.stringify(body) ?? '')(response, socket))
  t.teardown(server.stop)
  const history = readerOf(server.url)
  const odd = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(null, [], {}, 'x', 7, { data: [null, 1] }))
  const message = fc.record(
    {
      id: odd,
      created_time: odd,
      from: odd,
      to: odd,
      message: odd,
      attachments: odd,
      shares: odd,
      story: odd,
      reply_to: odd,
    },
    { requiredKeys: [] },
  )
  const list = (item: fc.Arbitrary<unknown>) => fc.oneof(odd, fc.record({ data: fc.array(item, { maxLength: 3 }) }))
  const thread = fc.record({ id: odd, participants: list(odd), messages: list(message), updated_time: odd })
  const page = fc.record({ data: fc.oneof(odd, fc.array(thread, { maxLength: 2 })), paging: odd })
  await fc.assert(
    fc.asyncProperty(fc.oneof(odd, message, thread, page), async (value) => {
      body = value
      const listed = { externalId: 'a', person: null }
      for (const answer of await Promise.all([
        history.conversations({ cursor: null, limit: 1 }, anAccount(), signal),
        history.conversation(listed, anAccount(), signal),
        history.withPerson(PERSON as ExternalUserId, anAccount(), signal),
        history.message('aWdfA' as ExternalMessageId, anAccount(), signal),
      ])) {
        t.regex(answer.status, /^(found|withheld|retry)$/)
      }
    }),
    { numRuns: 100 },
  )
})
