import test from 'ava'
import { Registry } from 'prom-client'
import { createInstagramSimulator } from '../../../dev/instagram-simulator/index.ts'
import { createTroubleMetrics } from '../../../src/adapters/trouble-metrics.ts'
import { beginApplication } from '../../support/application.ts'
import { onEachProfile, testDatabase } from '../../support/database.ts'
import { connect, settled, signUp, ticketOf } from '../../support/inbox-client.ts'
import { planted } from '../../support/planted.ts'
import { waitFor } from '../../support/processes.ts'
import { onServer } from '../../support/template.ts'

type Named = Readonly<{ id: string }>

onEachProfile((profile) => {
  test(`X9: ${profile}: with the broker away, what was put aside, is in doubt, has failed or was given up is counted and listed`, async (t) => {
    t.timeout(240_000)
    const database = await testDatabase(profile)
    t.teardown(() => database.close())
    const simulator = await createInstagramSimulator()
    t.teardown(() => simulator.close())
    const { url, started } = await beginApplication(t, ['api', 'inbound', 'outbound', 'relay'], {
      DATABASE_URL: database.url,
      RABBITMQ_URL: 'amqp://127.0.0.1:1',
      INSTAGRAM_GRAPH_URL: simulator.url,
      FACEBOOK_GRAPH_URL: simulator.url,
    })
    await started
    const figure = async (name: string) =>
      Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await (await fetch(`${url}/metrics`)).text())?.[1] ?? Number.NaN)
    const client = await signUp(url)
    const { account } = await connect(client, simulator)

    // In doubt, and failed.
    const who = simulator.customer({ account })
    await simulator.dm(who, 'Hello')
    const ticket = await ticketOf(client, who)
    simulator.fault({ kind: 'reset' }, { on: 'send' })
    const doubtful = await client.reply(ticket.id, 'Was it sent?')
    t.is((await settled(client, doubtful.body, ['UNKNOWN'])).status, 'UNKNOWN')
    const other = simulator.customer({ account })
    await simulator.dm(other, 'Hello')
    simulator.fault({ kind: 'refusal', code: 100 }, { on: 'send' })
    const failed = await client.reply((await ticketOf(client, other)).id, 'It will not be.')
    t.is((await settled(client, failed.body, ['FAILED'])).status, 'FAILED')

    // Put aside: signed, and not to be read.
    const secret = planted('api-secret')
    const made = await client.call<Named>('POST', '/channels', { type: 'API', name: 'Shop', config: { secret } })
    const authorization = `Bearer ${secret}`
    const delivery = await fetch(`${url}/webhook/${made.body.id}`, {
      method: 'POST',
      headers: { authorization },
      body: '{',
    })
    t.is(delivery.status, 200)
    const aside = () =>
      client.call<{ data: readonly Named[] }>('GET', `/channels/${made.body.id}/raw-events?status=QUARANTINED`)
    await waitFor(async () => (await aside()).body.data.length === 1)

    // Given up.
    await onServer(database.admin, (server) =>
      server.query(
        `insert into jobs (id, org_id, queue, state, attempt, dead_at, reason, payload)
         values (gen_random_uuid(), $1, 'token-refresh', 'DEAD', 10, now(), 'Error: away', '{}')`,
        [client.orgId],
      ),
    )
    const dead = await client.call<{ data: readonly Readonly<{ queue: string }>[] }>('GET', '/dead-letters')
    t.deepEqual(
      dead.body.data.map(({ queue }) => queue),
      ['token-refresh'],
    )

    await waitFor(async () => (await figure('dead_letters{queue="token-refresh"}')) === 1, 60_000)
    await waitFor(async () => (await figure('deliveries_put_aside{what="quarantined"}')) === 1, 60_000)
    t.is(await figure('replies_open{status="UNKNOWN"}'), 1)
    t.is(await figure('replies_open{status="SENDING"}'), 0)
    t.is(await figure('channel_sends_total{type="INSTAGRAM",outcome="refused"}'), 1)
    t.true((await figure('channel_sends_total{type="INSTAGRAM",outcome="unknown"}')) >= 1)
    t.is(await figure('webhook_taker_away{which="broker"}'), 1)
  })
})

test('X9: while the database does not answer there is no figure, and no old one', async (t) => {
  const registry = new Registry()
  const time = { ms: 0 }
  let isAway = false
  let asked = 0
  const count = async () => {
    asked += 1
    if (isAway) throw new Error('away')
    return { deadLetters: { reaction: 2 }, replies: { sending: 0, unknown: 1 }, quarantined: 3 }
  }
  createTroubleMetrics(registry, count, () => time.ms)
  t.regex(await registry.metrics(), /^dead_letters\{queue="reaction"\} 2$/m)
  t.regex(await registry.metrics(), /^deliveries_put_aside\{what="quarantined"\} 3$/m)
  t.is(asked, 1)
  isAway = true
  time.ms += 5_000
  t.notRegex(await registry.metrics(), /^(dead_letters|replies_open|deliveries_put_aside)\{/m)
})
