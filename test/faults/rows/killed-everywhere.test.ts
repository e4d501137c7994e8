import test from 'ava'
import type { SimulatedCustomer } from '../../../dev/instagram-simulator/index.ts'
import { MOST_WITHOUT_END } from '../../../src/adapters/messaging/trials.ts'
import { FAILPOINTS, type FailpointName } from '../../../src/config/failpoints.ts'
import { waitFor } from '../../support/processes.ts'
import { sampleFile } from '../../support/sample-files.ts'
import { ASKED_FOR } from '../harness/places.ts'
import { type RoleShop, type RoleStage, roleShop, roleStage } from './role-stage.ts'

/** How often each role is killed at each place; the long runs take 20. */
const ROUNDS = Number(process.env['FAILPOINT_ROUNDS'] ?? 1)

const OF_API = [
  'webhook.read',
  'intake.accepting',
  'group.committing',
  'group.committed',
  'intake.accepted',
  'webhook.answering',
  'webhook.answered',
] as const
const OF_REPLIES = ['reply.committing', 'reply.committed'] as const
const OF_UPLOADS = ['upload.committing', 'upload.committed'] as const
const OF_INBOUND = [
  'queue.claiming',
  'queue.claimed',
  'batch.handling',
  'ingest.committing',
  'ingest.committed',
  'batch.handled',
  'batch.acknowledged',
  'look-up.starting',
  'look-up.ended',
] as const
const OF_TRIALS = ['trial.counting', 'trial.counted'] as const
const OF_GIVEN_UP = ['given-up.handling', 'quarantine.committing', 'quarantine.committed', 'given-up.handled'] as const
const OF_OUTBOUND = [
  'lanes.claiming',
  'lanes.claimed',
  'sending.committing',
  'sending.committed',
  'network.calling',
  'network.answered',
  'outcome.committing',
  'outcome.committed',
] as const
const OF_EXPIRY = ['expiry.committing', 'expiry.committed'] as const
const OF_DOUBT = ['doubt-check.starting', 'proof.committing', 'doubt-check.ended'] as const
const OF_REACTIONS = ['reaction.starting', 'reaction.ended'] as const
const OF_RELAY = ['events.numbering', 'events.numbered'] as const
/** They need RabbitMQ: see `killed-beside-the-broker.test.ts`; or somebody who asks for it. */
const ELSEWHERE = [
  'broker.publishing',
  'broker.confirmed',
  'broker.delivered',
  'spool.writing',
  'spool.written',
  'retry.queued',
  ...ASKED_FOR,
] as const

test('every failpoint has a kill', (t) => {
  const lists = [OF_API, OF_REPLIES, OF_UPLOADS, OF_INBOUND, OF_TRIALS, OF_GIVEN_UP, OF_OUTBOUND, OF_EXPIRY, OF_DOUBT]
  const killed = [...lists, OF_REACTIONS, OF_RELAY, ELSEWHERE].flat().sort()
  t.deepEqual(killed, Object.keys(FAILPOINTS).sort() as FailpointName[])
})

test('A1, A2, B1, B2, C1, D1, D7, D11: killed at every place, it loses nothing, doubles nothing and sends nothing twice', async (t) => {
  t.timeout(300_000 + ROUNDS * 600_000)
  const stage = await roleStage(t, 'embedded', { PUBLIC_URL: 'https://inbox.example' })
  const { kill, simulator, sql, up } = stage
  const clean = await up('api')
  const shop = await roleShop(stage)
  await kill(clean)
  let kills = 0
  for (let round = 0; round < ROUNDS; round++) {
    kills += await killApi(stage, shop)
    const api = await up('api')
    // A reply needs a ticket, which needs somebody who wrote before.
    const inbound = await up('inbound')
    const talks = await talksFor(shop, OF_OUTBOUND.length + OF_REPLIES.length)
    await kill(inbound)
    await kill(api)
    kills += await killReplies(stage, shop, talks.splice(0, OF_REPLIES.length))
    const again = await up('api')
    // An echo would end the doubt before anybody looks.
    simulator.fault({ kind: 'echo-withheld' }, { times: 'always' })
    const killed = await Promise.all([
      killInbound(stage, shop),
      killOutbound(stage, shop, talks),
      killRelay(stage, shop),
    ])
    kills += killed.reduce((sum, one) => sum + one, 0)
    simulator.clearFaults()
    await kill(again)
  }

  const roles = await Promise.all((['api', 'inbound', 'outbound', 'relay'] as const).map((role) => up(role)))
  await leasesEnd(stage)
  const whole = async () => {
    await leasesEnd(stage)
    return (await shop.broken()).length === 0
  }
  await waitFor(whole, 90_000).catch(() => {})
  t.deepEqual(await shop.broken(), [])
  await waitFor(async () => (await sql('select 1 from event_log where seq is null')).length === 0)
  // A reader's cursor passes each of them once.
  const [events] = await sql<{ all: number; last: number }>(
    'select count(distinct seq)::int as all, max(seq)::int as last from event_log',
  )
  t.is(events?.all, events?.last)
  const [rows] = await sql<{ trials: number; dead: number }>(
    `select (select count(*)::int from delivery_trials) as trials, (select count(*)::int from jobs where state = 'DEAD') as dead`,
  )
  t.deepEqual(rows, { trials: 0, dead: 0 })
  t.log(
    `${kills} kills at ${Object.keys(FAILPOINTS).length - ELSEWHERE.length} places: ${shop.people.length} messages, ${shop.replies.length} replies`,
  )
  await Promise.all(roles.map((role) => role.end()))
})

/** What killed processes hold is free, as if their leases had ended. */
async function leasesEnd({ sql }: RoleStage): Promise<void> {
  await sql(`update send_lanes set lease_until = now() - interval '1 second' where state = 'BUSY'`)
  await sql(
    `update jobs set state = 'READY', lease_until = null, run_at = now() where state = 'ACTIVE' and lease_until < now() + interval '25 seconds'`,
  )
  await sql(
    `update jobs set run_at = now() where state = 'READY' and queue in ('inbound', 'doubt-check', 'profile-lookup')`,
  )
}

async function killApi(stage: RoleStage, shop: RoleShop): Promise<number> {
  for (const place of OF_API) {
    shop.write()
    await stage.killedAt('api', place)
  }
  for (const place of OF_UPLOADS) {
    const dying = stage.start('api', `${place}:kill`)
    let over = false
    const asking = (async () => {
      while (!over) await upload(stage, shop).catch(() => new Promise((resolve) => setTimeout(resolve, 50)))
    })()
    await stage.dies(dying, place)
    over = true
    await asking
  }
  return OF_API.length + OF_UPLOADS.length
}

const upload = ({ url }: RoleStage, { client }: RoleShop) =>
  fetch(`${url}/orgs/${client.orgId}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.accessToken}` },
    body: new Uint8Array(sampleFile('png')),
  })

/** Tickets of people who wrote just now. */
async function talksFor(shop: RoleShop, count: number): Promise<string[]> {
  const people = Array.from({ length: count }, (): SimulatedCustomer => shop.write())
  return Promise.all(people.map((who) => shop.ticketOf(who)))
}

async function killReplies(stage: RoleStage, shop: RoleShop, talks: readonly string[]): Promise<number> {
  const replying: Promise<unknown>[] = []
  for (const [index, place] of OF_REPLIES.entries()) {
    const dying = stage.start('api', `${place}:kill`)
    replying.push(shop.reply(talks[index] as string, `reply at ${place} ${shop.replies.length}`))
    await stage.dies(dying, place)
  }
  // The client, who heard nothing, asks again under its key.
  const api = await stage.up('api')
  await Promise.all(replying)
  await stage.kill(api)
  return OF_REPLIES.length
}

async function killInbound(stage: RoleStage, shop: RoleShop): Promise<number> {
  const { killedAt, simulator, sql } = stage
  for (const place of OF_INBOUND) {
    shop.write()
    await killedAt('inbound', place)
  }
  for (const place of OF_TRIALS) {
    await sql(
      `update jobs set state = 'READY', lease_until = null, run_at = now() where id =
       (select id from jobs where queue = 'inbound' and state = 'ACTIVE' and attempt = 1 order by id limit 1)`,
    )
    await killedAt('inbound', place)
  }
  // A repeat of what is stored: were it put aside for ever, nothing would be missing.
  const [webhook] = simulator.webhooks
  if (!webhook) throw new Error('there is no webhook')
  await sql(`update jobs set state = 'ACTIVE', lease_until = now() + interval '1 hour' where queue = 'inbound'`)
  await waitFor(async () => (await simulator.deliver(webhook)).status === 200)
  const [poison] = await sql<{ id: string }>(
    `update jobs set attempt = 1 where queue = 'inbound' and state = 'READY' returning id`,
  )
  await sql('insert into delivery_trials (delivery_id, begun) values ($1, $2)', [poison?.id, MOST_WITHOUT_END])
  for (const place of OF_GIVEN_UP) {
    await sql(`update jobs set state = 'READY', lease_until = null, run_at = now() where id = $1`, [poison?.id])
    await killedAt('inbound', place)
  }
  await sql(`update jobs set lease_until = now() where queue = 'inbound' and state = 'ACTIVE'`)
  return OF_INBOUND.length + OF_TRIALS.length + OF_GIVEN_UP.length
}

async function killOutbound(stage: RoleStage, shop: RoleShop, talks: readonly string[]): Promise<number> {
  const { killedAt, sql } = stage
  for (const [index, place] of OF_OUTBOUND.entries()) {
    await shop.reply(talks[index] as string, `reply at ${place} ${shop.replies.length}`)
    await killedAt('outbound', place)
  }
  const expire = () => sql(`update send_lanes set lease_until = now() - interval '1 second' where state = 'BUSY'`)
  for (const place of OF_EXPIRY) {
    await expire()
    await killedAt('outbound', place)
  }
  await expire()
  const outbound = await stage.up('outbound')
  await waitFor(async () => (await sql(`select 1 from jobs where queue = 'doubt-check'`)).length > 0)
  await stage.kill(outbound)
  for (const place of OF_DOUBT) {
    await sql(`update jobs set state = 'READY', lease_until = null, run_at = now() where queue = 'doubt-check'`)
    await killedAt('outbound', place)
  }
  for (const place of OF_REACTIONS) {
    const ticketId = talks[0] as string
    const theirs = (await shop.client.messages(ticketId)).find(({ direction }) => direction === 'INBOUND')
    const emoji = place === 'reaction.starting' ? '❤️' : '🎉'
    await shop.client.call('PUT', `/tickets/${ticketId}/messages/${theirs?.id}/reaction`, { emoji })
    await sql(`update jobs set state = 'READY', lease_until = null, run_at = now() where queue = 'reaction'`)
    await killedAt('outbound', place)
  }
  return OF_OUTBOUND.length + OF_EXPIRY.length + OF_DOUBT.length + OF_REACTIONS.length
}

async function killRelay(stage: RoleStage, shop: RoleShop): Promise<number> {
  for (const place of OF_RELAY) {
    shop.write()
    await stage.killedAt('relay', place)
  }
  return OF_RELAY.length
}
