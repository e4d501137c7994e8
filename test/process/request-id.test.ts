import { createHmac } from 'node:crypto'
import test from 'ava'
import { createInstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { connect, settled, signUp, ticketOf } from '../support/inbox-client.ts'
import { dataFolder, startService } from '../support/program.ts'

type Event = Readonly<{ type: string; requestId: string | null; resource: { id: string }; ticketId: string | null }>

test('one id leads from a webhook to all that it made, and its ticket to the reply and its own id', async (t) => {
  const simulator = await createInstagramSimulator()
  t.teardown(() => simulator.close())
  const { url, process } = await startService(t, {
    DATA_DIR: await dataFolder(t, 'request-id'),
    INSTAGRAM_GRAPH_URL: simulator.url,
    FACEBOOK_GRAPH_URL: simulator.url,
  })
  const client = await signUp(url)
  const { account } = await connect(client, simulator)
  const ann = simulator.customer({ account, username: 'ann' })
  const asAgent = { authorization: `Bearer ${client.accessToken}` }
  const deliver = async (body: Buffer, requestId: string) => {
    const signature = createHmac('sha256', account.appSecret).update(body).digest('hex')
    const answer = await fetch(account.webhookUrl ?? '', {
      method: 'POST',
      headers: { 'x-hub-signature-256': `sha256=${signature}`, 'x-request-id': requestId },
      body,
    })
    t.is(answer.status, 200)
    t.is(answer.headers.get('x-request-id'), requestId)
  }
  const events = async (after = 0): Promise<readonly Event[]> => {
    const answer = await fetch(`${url}/orgs/${client.orgId}/events?after=${after}`, { headers: asAgent })
    return ((await answer.json()) as { data: readonly Event[] }).data
  }
  const typesOf = async (requestId: string) =>
    (await events()).flatMap((event) => (event.requestId === requestId ? [event.type] : [])).sort()
  const eventually = async (requestId: string, types: readonly string[]) => {
    for (let spentMs = 0; spentMs < 60_000; spentMs += 100) {
      if ((await typesOf(requestId)).length >= types.length) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    t.deepEqual(await typesOf(requestId), types)
  }
  const lines = () =>
    process
      .output()
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Readonly<Record<string, unknown>>] : []))

  const said = await simulator.dm(ann, 'Hello', { hold: true })
  await deliver(said.body, 'follow-me-in-1')
  // The last of them comes from a job of its own, which asks who the customer is.
  await eventually('follow-me-in-1', [
    'customer.created',
    'customer.updated',
    'message.created',
    'notification.created',
    'ticket.created',
  ])
  const unsent = await simulator.unsend(ann, said.mid ?? '', { hold: true })
  await deliver(unsent.body, 'follow-me-in-2')
  await eventually('follow-me-in-2', ['message.deleted'])

  const ticket = await ticketOf(client, ann)
  const reply = await client.reply(ticket.id, 'Hello Ann', { 'x-request-id': 'follow-me-out-1' })
  t.is(reply.status, 201)
  t.is((await settled(client, reply.body)).status, 'SENT')
  const [taken] = lines().filter(({ requestId, msg }) => requestId === 'follow-me-in-1' && /was taken/.test(`${msg}`))
  t.truthy(taken)
  const stored = lines().find(({ requestIds }) => Array.isArray(requestIds) && requestIds.includes('follow-me-in-1'))
  t.deepEqual(stored?.['ticketIds'], [ticket.id])
  const sent = lines().find(({ requestId, msg }) => requestId === 'follow-me-out-1' && msg === 'a reply was sent')
  t.like(sent, { ticketId: ticket.id, messageId: reply.body.id })
  t.true((await typesOf('follow-me-out-1')).includes('message.created'))
})
