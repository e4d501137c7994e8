import test from 'ava'
import { MOST_WITHOUT_END } from '../../../src/adapters/messaging/trials.ts'
import { FAILPOINTS } from '../../../src/config/failpoints.ts'
import { onEachProfile } from '../../support/database.ts'
import { type MessageJson, settled } from '../../support/inbox-client.ts'
import { waitFor } from '../../support/processes.ts'
import { sampleFile } from '../../support/sample-files.ts'
import type { RecordedReply } from '../harness/history.ts'
import { roleShop, roleStage } from './role-stage.ts'

/** Without a broker nothing goes through it, and nothing past it to the spool. */
const OF_THE_BROKER = [
  'broker.publishing',
  'broker.confirmed',
  'broker.delivered',
  'spool.writing',
  'spool.written',
  'retry.queued',
]

/** The first delivery goes to the spool, fails once and is tried alone; the second fails once on its way from the broker. */
const TROUBLE = {
  embedded: 'batch.handling:throw@1,batch.handling:throw@4',
  services:
    'broker.publishing:throw@1,batch.handling:throw@1,batch.handling:throw@3,broker.publishing:throw@3,batch.handling:throw@5',
}

function taken(reply: RecordedReply): MessageJson {
  const message = reply.message()
  if (message === null) throw new Error('it was not taken')
  return message
}

onEachProfile((profile) => {
  test(`${profile}: every failpoint is passed on the way in and out`, async (t) => {
    t.timeout(180_000)
    const stage = await roleStage(t, profile, { PUBLIC_URL: 'https://inbox.example' })
    const { simulator, sql } = stage
    const program = await stage.up('all', `trace,${TROUBLE[profile]},network.answered:throw@2`)
    const shop = await roleShop(stage)
    const passed = () => new Set([...program.output().matchAll(/"failpoint":"([a-z.-]+)"/g)].map(([, name]) => name))

    // In.
    const ann = shop.write()
    const ticketId = await shop.ticketOf(ann)
    if (profile === 'services') await new Promise((resolve) => setTimeout(resolve, 1_100))
    const bob = shop.write()
    await shop.ticketOf(bob)
    // What killed its holders before is put aside, here a repeat of what is stored already.
    const [webhook] = simulator.webhooks
    if (!webhook) throw new Error('there is no webhook')
    await simulator.deliver(webhook)
    const trials = await waitFor(async () => {
      const rows = await sql(
        `insert into delivery_trials (delivery_id, begun) select id, ${MOST_WITHOUT_END} from jobs where queue = 'inbound'
         on conflict (delivery_id) do update set begun = ${MOST_WITHOUT_END} returning delivery_id`,
      )
      return rows.length > 0
    })
    t.true(trials)
    await waitFor(() => passed().has('given-up.handled'), 60_000)

    // Out: one that is sent, and one whose answer is lost.
    const sent = await shop.reply(ticketId, 'sent')
    await settled(shop.client, taken(sent))
    simulator.fault({ kind: 'echo-withheld' })
    const doubtful = await shop.reply(ticketId, 'in doubt')
    await waitFor(() => simulator.received(ann).length === 2)
    await waitFor(async () => {
      await sql(`update send_lanes set lease_until = now() - interval '1 second' where state = 'BUSY'`)
      await sql(`update jobs set run_at = now() where queue = 'doubt-check' and state = 'READY'`)
      return passed().has('doubt-check.ended') && passed().has('proof.committing')
    }, 60_000)
    await settled(shop.client, taken(doubtful))
    const [theirs] = await shop.client.messages(ticketId)
    const reaction = { emoji: '❤️' }
    t.is((await shop.client.call('PUT', `/tickets/${ticketId}/messages/${theirs?.id}/reaction`, reaction)).status, 200)
    const upload = await fetch(`${stage.url}/orgs/${shop.client.orgId}/attachments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${shop.client.accessToken}` },
      body: new Uint8Array(sampleFile('png')),
    })
    t.is(upload.status, 201)
    // Before somebody is gone by right.
    await waitFor(async () => (await shop.broken()).length === 0).catch(() => {})
    t.deepEqual(await shop.broken(), [])

    // And what somebody asks for, about a customer.
    const of = `/customers/${(await shop.client.customers())[0]?.id}`
    const { body: made } = await shop.client.call<{ id: string }>('POST', `${of}/exports`)
    await waitFor(async () => {
      const { body } = await shop.client.call<{ state: string }>('GET', `/exports/${made.id}`)
      return body.state === 'READY'
    })
    t.is((await shop.client.call('DELETE', of)).status, 202)

    const expected = Object.keys(FAILPOINTS).filter((name) => profile === 'services' || !OF_THE_BROKER.includes(name))
    await waitFor(() => expected.every((name) => passed().has(name)), 30_000).catch(() => {})
    t.deepEqual(
      expected.filter((name) => !passed().has(name)),
      [],
    )
  })
})
