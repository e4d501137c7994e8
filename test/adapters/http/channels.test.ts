import test from 'ava'
import { aChannelView } from '../../fakes/fake-views.ts'
import { PUBLIC_URL, startHttp } from './support/http-server.ts'

const server = await startHttp()
const { orgId, token } = await server.signUp()
test.after.always(() => server.stop())

const config = {
  pageId: 'YOUR_INSTAGRAM_PAGE_ID',
  accessToken: 'planted-access-token',
  appSecret: 'planted-app-secret',
  webhookVerifyToken: 'instagram_verify_token_123',
  webhookUrl: 'https://your-ngrok-url.ngrok-free.app/webhook/',
}

test('a new channel has its id under both names, and the callback URL below the one that was entered', async (t) => {
  const body = { type: 'INSTAGRAM', name: 'Instagram Business Account', config }
  const answer = await server.call('POST', `/orgs/${orgId}/channels`, { token, body })
  t.is(answer.status, 201)
  const { id } = answer.json
  t.like(answer.json, { channelId: id, type: 'INSTAGRAM', status: 'ACTIVE', warnings: ['credentials-not-checked'] })
  t.is(answer.json.webhook.callbackUrl, `https://your-ngrok-url.ngrok-free.app/webhook/${id}`)
  t.is(answer.headers.get('location'), `/orgs/${orgId}/channels/${id}`)
  t.notRegex(answer.text, /planted/)
})

test('of secrets it is told only that they are there', async (t) => {
  const channel = aChannelView(orgId, { secretsSet: ['accessToken'] })
  server.queries.channels_.push(channel)
  const { json } = await server.call('GET', `/orgs/${orgId}/channels/${channel.id}`, { token })
  t.deepEqual(json.config, { pageId: '17841400000000000', accessToken: { set: true } })
  t.deepEqual(json.secretsSet, ['accessToken'])
  t.is(json.webhook.callbackUrl, `${PUBLIC_URL}/webhook/${channel.id}`)
})

test('a secret that was stored among the settings by mistake is not shown', async (t) => {
  const channel = aChannelView(orgId, { config: { pageId: '1', appSecret: 'planted-app-secret' }, secretsSet: [] })
  server.queries.channels_.push(channel)
  for (const path of [`/orgs/${orgId}/channels/${channel.id}`, `/orgs/${orgId}/channels`]) {
    t.notRegex((await server.call('GET', path, { token })).text, /planted/)
  }
})

test('an address that is none is not where the platform delivers', async (t) => {
  const channel = aChannelView(orgId, { config: { webhookUrl: 'not a url' } })
  server.queries.channels_.push(channel)
  const { json } = await server.call('GET', `/orgs/${orgId}/channels/${channel.id}`, { token })
  t.is(json.webhook.callbackUrl, `${PUBLIC_URL}/webhook/${channel.id}`)
})

test('a channel that was connected by login shows the address that its whole app is delivered to', async (t) => {
  const own = aChannelView(orgId, { isBound: true })
  const tunnel = { webhookUrl: 'https://your-ngrok-url.ngrok-free.app/webhook/' }
  const tunnelled = aChannelView(orgId, { isBound: true, config: tunnel })
  server.queries.channels_.push(own, tunnelled)
  const shown = async (id: string) =>
    (await server.call('GET', `/orgs/${orgId}/channels/${id}`, { token })).json.webhook
  t.deepEqual(await shown(own.id), { callbackUrl: `${PUBLIC_URL}/webhook/instagram`, scope: 'APP' })
  t.deepEqual(await shown(tunnelled.id), {
    callbackUrl: 'https://your-ngrok-url.ngrok-free.app/webhook/instagram',
    scope: 'APP',
  })
})

test('credentials are proven by the first reply that went out', async (t) => {
  const health = { ...aChannelView(orgId).health, lastOutboundAt: new Date('2026-11-22T09:00:00.000Z') }
  const channel = aChannelView(orgId, { health })
  server.queries.channels_.push(channel)
  const { json } = await server.call('GET', `/orgs/${orgId}/channels/${channel.id}`, { token })
  t.deepEqual(json.warnings, [])
  t.is(json.health.lastOutboundAt, '2026-11-22T09:00:00.000Z')
})

test('a channel is paused, and disconnected', async (t) => {
  const channel = aChannelView(orgId)
  server.queries.channels_.push(channel)
  const path = `/orgs/${orgId}/channels/${channel.id}`
  t.is((await server.call('PATCH', path, { token, body: { status: 'PAUSED' } })).json.status, 'PAUSED')
  const gone = await server.call('DELETE', path, { token })
  t.is(gone.status, 204)
  t.is(gone.text, '')
})

test('a type that is not installed is named by its code', async (t) => {
  const answer = await server.call('POST', `/orgs/${orgId}/channels`, {
    token,
    body: { type: 'SMOKE', name: 'x', config: {} },
  })
  t.like(answer.json, { status: 422, code: 'channel-type-unknown', detail: 'Installed channel types: API, INSTAGRAM.' })
})
