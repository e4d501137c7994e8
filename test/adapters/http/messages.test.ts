import { randomUUID } from 'node:crypto'
import test from 'ava'
import { aMessageView, aTicketView } from '../../fakes/fake-views.ts'
import { PUBLIC_URL, startHttp } from './support/http-server.ts'

const server = await startHttp()
const { cookie, orgId, token } = await server.signUp()
const ticket = aTicketView(orgId)
server.queries.tickets_.push(ticket)
test.after.always(() => server.stop())

const path = `/orgs/${orgId}/tickets/${ticket.id}/messages`
const inputs = () =>
  server.calls.filter(({ name }) => name === 'sendReply').map(({ args }) => args[1] as Record<string, unknown>)

test('a reply is queued, and says where it can be read', async (t) => {
  const answer = await server.call('POST', path, { token, body: { content: 'Thank you!', direction: 'OUTBOUND' } })
  t.is(answer.status, 201)
  t.like(answer.json, { status: 'QUEUED', content: 'Thank you!', ticketId: ticket.id, via: 'API' })
  t.is(answer.headers.get('location'), `${path}/${answer.json.id}`)
  t.is(answer.headers.get('idempotent-replayed'), null)
  t.deepEqual((await server.call('GET', answer.headers.get('location')!, { token })).json, answer.json)
})

test('what is written with the cookie comes from the inbox', async (t) => {
  const answer = await server.call('POST', path, {
    headers: { cookie, origin: PUBLIC_URL },
    body: { content: 'From the page' },
  })
  t.is(answer.json.via, 'INBOX')
})

test('a repeat with the same Idempotency-Key gets the first answer again', async (t) => {
  const send = (key: string) =>
    server.call('POST', path, { token, body: { content: 'Once' }, headers: { 'idempotency-key': key } })
  const first = await send('key-1')
  const again = await send('"key-1"')
  t.is(first.status, 201)
  t.is(again.status, 201)
  t.is(again.json.id, first.json.id)
  t.is(again.headers.get('idempotent-replayed'), 'true')
  t.is(again.headers.get('location'), first.headers.get('location'))
  t.is(inputs().filter(({ idempotencyKey }) => idempotencyKey === 'key-1').length, 2)
})

test('a known clientMessageId answers 200 with the message that it made', async (t) => {
  const body = { content: 'Once', clientMessageId: randomUUID() }
  const first = await server.call('POST', path, { token, body })
  const again = await server.call('POST', path, { token, body })
  t.is(first.status, 201)
  t.is(again.status, 200)
  t.is(again.json.id, first.json.id)
  t.is(again.json.clientMessageId, body.clientMessageId)
})

test('a refusal keeps its figures', async (t) => {
  const answer = await server.call('POST', path, { token, body: { content: 'x'.repeat(1_001) } })
  t.is(answer.status, 422)
  t.like(answer.json, { code: 'content-too-long', maxBytes: 1_000, actualBytes: 1_001 })
})

test('only a failed message is retried', async (t) => {
  const failed = aMessageView(orgId, ticket.id, { status: 'FAILED' })
  server.queries.messages_.push(failed)
  const retry = () => server.call('POST', `${path}/${failed.id}/retry`, { token })
  t.like(await retry(), { status: 202 })
  t.is((await retry()).json.code, 'not-failed')
})

test('messages are listed in the order that was asked for', async (t) => {
  const own = aTicketView(orgId)
  server.queries.tickets_.push(own)
  const ids = [1, 2, 3].map((at) => {
    const message = aMessageView(orgId, own.id, { content: String(at) })
    server.queries.messages_.push(message)
    return message.id
  })
  const list = async (query = '') => {
    const { json } = await server.call('GET', `/orgs/${orgId}/tickets/${own.id}/messages${query}`, { token })
    return json.data.map(({ id }: { id: string }) => id)
  }
  t.deepEqual(await list(), ids)
  t.deepEqual(await list('?order=asc'), ids)
  t.deepEqual(await list('?order=desc'), ids.toReversed())
})
