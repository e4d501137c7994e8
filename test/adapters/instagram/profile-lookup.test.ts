import test, { type ExecutionContext } from 'ava'
import { createInstagramChannel } from '../../../src/adapters/instagram/channel.ts'
import type { ExternalUserId } from '../../../src/core/ids.ts'
import { account, json, startGraphServer, TOKEN } from './graph-server.ts'

async function look(
  t: ExecutionContext,
  answer: Parameters<typeof startGraphServer>[0],
  from = account(),
  sendTimeoutMs = 10_000,
) {
  const server = await startGraphServer(answer)
  t.teardown(server.stop)
  const config = {
    graphUrl: server.url,
    facebookGraphUrl: `${server.url}/fb`,
    graphVersion: 'v26.0',
    sendTimeoutMs,
  }
  const { profiles } = createInstagramChannel(config, { fetch })
  const found = await profiles?.look('2100000000000345' as ExternalUserId, from, new AbortController().signal)
  t.false(JSON.stringify(found).includes(TOKEN))
  return { found, call: server.calls[0] }
}

const refusal = (code: number, subcode?: number) =>
  json(400, { error: { message: 'no', code, ...(subcode ? { error_subcode: subcode } : {}) } })

// proves: login.profile
test('a profile is asked of the login the token is from', async (t) => {
  const profile = { name: 'Ana', username: 'a.buyer', profile_pic: 'https://cdn.example/p', id: '2100000000000345' }
  const { found, call } = await look(t, json(200, profile))
  t.deepEqual(found, {
    status: 'found',
    profile: { username: 'a.buyer', name: 'Ana', pictureUrl: 'https://cdn.example/p' },
  })
  t.is(call?.url, '/v26.0/2100000000000345?fields=name,username,profile_pic')
  t.is(call?.headers.authorization, `Bearer ${TOKEN}`)
  const facebook = await look(t, json(200, profile), account({ settings: { login: 'facebook' } }))
  t.is(facebook.call?.url, '/fb/v26.0/2100000000000345?fields=name,username,profile_pic')
})

test('what the profile lacks, or has in another form, is null', async (t) => {
  const nothing = { username: null, name: null, pictureUrl: null }
  for (const body of [{ id: '1' }, { name: null, username: 7, profile_pic: 'javascript:alert(1)' }]) {
    t.deepEqual((await look(t, json(200, body))).found, { status: 'found', profile: nothing })
  }
  const { found } = await look(t, json(200, { name: 'a\0b' }))
  t.like(found, { profile: { name: 'a\ufffdb' } })
})

test('no consent, no such person, no permission: withheld for good', async (t) => {
  for (const answer of [refusal(230), refusal(9010), refusal(100), refusal(100, 33), refusal(10), refusal(551)]) {
    t.is((await look(t, answer)).found?.status, 'withheld')
  }
})

test('throttles, faults and unreadable answers are asked again later, and a dead token waits for another', async (t) => {
  const answers = [refusal(4), refusal(1), refusal(2), json(500, ''), json(429, ''), json(200, '<html>'), json(404, '')]
  for (const answer of answers) t.is((await look(t, answer)).found?.status, 'retry')
  t.like((await look(t, refusal(190))).found, { status: 'reauthorize', alert: true })
  t.is((await look(t, () => undefined, account(), 100)).found?.status, 'retry')
  t.is((await look(t, json(200, {}), account({ secrets: {} }))).found?.status, 'retry')
  const { found } = await look(t, json(429, { error: { code: 17 } }, { 'retry-after': '9' }))
  t.like(found, { status: 'retry', afterMs: 9000 })
})

test('an id that the platform never gave is not asked about', async (t) => {
  const server = await startGraphServer(json(200, { id: '1' }))
  t.teardown(server.stop)
  const { profiles } = createInstagramChannel(
    { graphUrl: server.url, facebookGraphUrl: server.url, graphVersion: 'v26.0', sendTimeoutMs: 10_000 },
    { fetch },
  )
  for (const id of ['@a.buyer', 'author-of-mention:0123']) {
    t.like(await profiles?.look(id as ExternalUserId, account(), new AbortController().signal), { status: 'withheld' })
  }
  t.deepEqual(server.calls, [])
})
