import test from 'ava'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import { defaultTiming } from '../../../src/adapters/http/event-stream/stream-timing.ts'
import { PASSWORD, startHttp } from './support/http-server.ts'
import { bodies, organizationWithEverything, pathOf } from './support/organization-with-everything.ts'
import { SseClient } from './support/sse-client.ts'
import { until } from './support/until.ts'

const ANOTHER = 'another-password-0123456789'
const weighty = loadContract().operations.filter(({ reauth }) => reauth !== false)
const bodyOf = (operationId: string) =>
  operationId === 'updateChannel' ? { config: { accessToken: 'another' } } : bodies[operationId]

async function set(t: { teardown(work: () => Promise<void>): void }) {
  const server = await startHttp()
  t.teardown(() => server.stop())
  return server
}

test('S75: what is weighty takes a password given in the last ten minutes, whoever asks', async (t) => {
  const server = await set(t)
  const { ids, orgId, token } = await organizationWithEverything(server)
  const ask = ({ operationId, method, template }: (typeof weighty)[number], bearer: string) => {
    const body = bodyOf(operationId)
    return server.call(method.toUpperCase(), pathOf(template, ids), {
      token: bearer,
      ...(body !== undefined && { body }),
    })
  }
  t.deepEqual(weighty.map(({ operationId }) => operationId).toSorted(), [
    'createApiKey',
    'createChannel',
    'createInvitation',
    'endMemberSessions',
    'eraseCustomer',
    'exportCustomer',
    'getExportFile',
    'removeMember',
    'renewInvitation',
    'revokeOtherSessions',
    'revokeSession',
    'updateChannel',
    'updateMember',
  ])
  server.time.offsetMs = 540_000
  t.is(
    (await ask(weighty.find((one) => one.operationId === 'createChannel')!, token)).status,
    201,
    'as after signing up',
  )
  server.time.offsetMs = 601_000
  const before = server.calls.length
  for (const operation of weighty) {
    const answer = await ask(operation, token)
    const { operationId } = operation
    t.like(answer, { status: 403, json: { code: 'reauthentication-required', maxAgeSeconds: 600 } }, operationId)
  }
  t.is(server.calls.length, before, 'the core was not even asked')
  const rename = { token, body: { name: 'Another name' } }
  t.is(
    (await server.call('PATCH', `/orgs/${orgId}/channels/${ids.channelId}`, rename)).status,
    200,
    'a name is no secret',
  )
  const shorter = { token, body: { retentionDays: 30 } }
  t.like(
    await server.call('PATCH', `/orgs/${orgId}/channels/${ids.channelId}`, shorter),
    { status: 403, json: { code: 'reauthentication-required' } },
    'what goes is gone',
  )

  const again = await server.call('POST', '/auth/reauthenticate', { token, body: { password: PASSWORD } })
  t.is(again.status, 200)
  for (const operation of weighty) {
    const answer = await ask(operation, again.json.accessToken)
    t.true(answer.status < 300, `${operation.operationId}: ${answer.text}`)
  }
})

test('S58: a password that is given or changed brings a session with another id, and the old one is dead', async (t) => {
  const server = await set(t)
  const { cookie, email, token } = await server.signUp()
  const again = await server.call('POST', '/auth/reauthenticate', { headers: { cookie }, body: { password: PASSWORD } })
  t.is(again.status, 200)
  t.not(again.json.accessToken, token)
  const changed = await server.call('POST', '/auth/password', {
    token: again.json.accessToken,
    body: { currentPassword: PASSWORD, newPassword: ANOTHER },
  })
  t.is(changed.status, 200)
  for (const dead of [{ token }, { headers: { cookie } }, { token: again.json.accessToken }]) {
    t.is((await server.call('GET', '/auth/me', dead)).status, 401)
  }
  t.is((await server.call('GET', '/auth/me', { token: changed.json.accessToken })).json.user.email, email)
})

test('S63: with the password all other sessions and streams of the person end, and the old password opens nothing', async (t) => {
  const server = await startHttp({ timing: { ...defaultTiming, checkMs: 50 } })
  t.teardown(() => server.stop())
  const { email, orgId, token } = await server.signUp()
  const logIn = (password: string) => server.call('POST', '/auth/login', { body: { email, password } })
  const other = (await logIn(PASSWORD)).json.accessToken as string
  const stream = await new SseClient(`${server.url}/orgs/${orgId}/events/stream`, {
    authorization: `Bearer ${other}`,
  }).opened()
  server.time.offsetMs = 1_000
  server.state.offsetMs = 1_000
  const changed = await server.call('POST', '/auth/password', {
    token,
    body: { currentPassword: PASSWORD, newPassword: ANOTHER },
  })
  t.is(changed.status, 200, changed.text)
  t.is((await server.call('GET', '/auth/me', { token: other })).status, 401)
  t.is((await server.call('GET', '/auth/me', { token: changed.json.accessToken })).status, 200)
  await until(() => stream.closed)
  t.like(stream.events.at(-1), { event: 'stream.goodbye', data: { reason: 'session-ended' } })
  t.is((await logIn(PASSWORD)).status, 401)
  t.is((await logIn(ANOTHER)).status, 200)
})

test('S52: a wrong password is refused wherever one is asked for, counted as at sign-in, and changes nothing', async (t) => {
  const server = await set(t)
  const { email, token } = await server.signUp()
  const wrong = 'not-the-password'
  const guesses = Array.from({ length: 10 }, (_, index) =>
    index % 2 === 0
      ? server.call('POST', '/auth/reauthenticate', { token, body: { password: wrong } })
      : server.call('POST', '/auth/password', { token, body: { currentPassword: wrong, newPassword: ANOTHER } }),
  )
  for (const answer of await Promise.all(guesses))
    t.like(answer, { status: 401, json: { code: 'invalid-credentials' } })
  const next = await server.call('POST', '/auth/reauthenticate', { token, body: { password: PASSWORD } })
  t.is(next.status, 429)
  t.truthy(next.headers.get('retry-after'))
  t.is((await server.call('POST', '/auth/login', { body: { email, password: PASSWORD } })).status, 429)
  t.false(server.calls.some(({ name }) => name === 'changePassword'))
  t.is((await server.call('GET', '/auth/me', { token })).status, 200)
})
