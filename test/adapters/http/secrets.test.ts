import { createHmac, randomUUID } from 'node:crypto'
import test from 'ava'
import { PASSWORD, SESSION_SECRET, startHttp } from './support/http-server.ts'

test('no secret is in any answer but the one that gives it, and in no log line', async (t) => {
  const server = await startHttp()
  t.teardown(() => server.stop())
  const { cookie, email, orgId, token } = await server.signUp()
  const login = await server.call('POST', '/auth/login', { body: { email, password: PASSWORD } })
  const second: string = login.json.accessToken
  server.answers.length = 0

  const channelId = randomUUID()
  server.webhookSecrets.set(channelId, 'planted-app-secret')
  const config = {
    pageId: '1',
    accessToken: 'planted-access-token',
    appSecret: 'planted-app-secret',
    webhookVerifyToken: 'planted-verify-token',
  }
  const signature = `sha256=${createHmac('sha256', 'planted-app-secret').update('planted message text').digest('hex')}`

  await server.call('POST', '/auth/login', { body: { email, password: `${PASSWORD}-wrong` } })
  await server.call('POST', '/auth/login', { body: { email, password: PASSWORD, extra: PASSWORD } })
  await server.call('POST', '/auth/login', {
    body: `{"password":"${PASSWORD}`,
    headers: { 'content-type': 'application/json' },
  })
  await server.call('GET', `/auth/me?access_token=${second}`)
  await server.call('GET', '/auth/me', { token: second })
  await server.call('GET', '/auth/me', { headers: { cookie } })
  await server.call('POST', `/orgs/${orgId}/channels`, {
    token: second,
    body: { type: 'INSTAGRAM', name: 'x', config },
  })
  await server.call('POST', `/orgs/${orgId}/channels`, { token: second, body: { type: 'INSTAGRAM', name: 1, config } })
  await server.call('GET', `/orgs/${orgId}/channels`, { token: second })
  await server.call('POST', `/webhook/${channelId}`, {
    body: 'planted message text',
    headers: { 'x-hub-signature-256': signature },
  })
  await server.call('POST', `/webhook/${channelId}`, {
    body: 'planted message text',
    headers: { 'x-hub-signature-256': 'sha256=planted' },
  })
  await server.call(
    'GET',
    `/webhook/${channelId}?hub.mode=subscribe&hub.verify_token=planted-verify-token&hub.challenge=1`,
  )
  server.state.failWith = new Error('a bug')
  await server.call('POST', `/orgs/${orgId}/channels`, {
    token: second,
    body: { type: 'INSTAGRAM', name: 'x', config },
  })
  server.state.failWith = null
  server.sessions.away = true
  await server.call('GET', '/auth/me', { token: second })
  server.sessions.away = false
  await server.call('POST', '/auth/logout', { token: second })

  const secrets = [
    PASSWORD,
    SESSION_SECRET,
    token,
    second,
    cookie.slice(4),
    'planted-access-token',
    'planted-app-secret',
    'planted-verify-token',
    'planted message text',
    signature,
  ]
  t.true(server.answers.length > 10 && server.log.lines.length > 10)
  for (const secret of secrets) {
    t.false(
      server.answers.some((answer) => answer.includes(secret)),
      `an answer holds ${secret}`,
    )
    t.false(server.log.text.includes(secret), `the log holds ${secret}`)
  }
})

test('a request is one line, with its id and route and without its query', async (t) => {
  const server = await startHttp()
  t.teardown(() => server.stop())
  const { orgId, token } = await server.signUp()
  await server.call('GET', `/orgs/${orgId}/tickets?platform=INSTAGRAM`, {
    token,
    headers: { 'x-request-id': 'follow-me-1' },
  })
  const lines = server.log.lines.filter(({ fields }) => fields['requestId'] === 'follow-me-1')
  t.is(lines.length, 1)
  t.like(lines[0], { level: 'info', message: 'request' })
  t.like(lines[0]!.fields, {
    method: 'GET',
    path: `/orgs/${orgId}/tickets`,
    route: '/orgs/{orgId}/tickets',
    status: 200,
    orgId,
  })
})
