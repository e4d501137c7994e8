import type { ExecutionContext } from 'ava'
import { Client } from 'pg'
import type { SimulatedAccount, SimulatedCustomer } from '../../../dev/instagram-simulator/index.ts'
import { connect } from '../../support/inbox-client.ts'
import { type StartedProcess, waitFor } from '../../support/processes.ts'
import { atRest } from '../harness/at-rest.ts'
import { check, type Verdict } from '../harness/checker.ts'
import { startFeedReader } from '../harness/feed-reader.ts'
import { choicesOf, seededRandom } from '../harness/random.ts'
import { createTcpProxy } from '../harness/tcp-proxy.ts'
import { roleShop, roleStage } from '../rows/role-stage.ts'
import { BUGS, type Bug, type BugName } from './bugs.ts'
import { planted } from './plant.ts'

const PEOPLE = 3
const WITHIN_MS = 120_000

export type SmallRun = Awaited<ReturnType<typeof smallRun>>

/**
 * The program, with or without a bug, on a real database and broker: a shop with two channels, people who have written on each,
 * somebody who answers and somebody who follows the events. What is said by whom follows from the seed.
 */
export async function smallRun(t: ExecutionContext, seed: number, bug: BugName | null = null) {
  const { between, oneOf, shuffled } = choicesOf(seededRandom(seed))
  const broker = new URL(process.env['TEST_RABBITMQ_URL'] ?? '')
  const proxy = await createTcpProxy({ target: Number(broker.port || 5672) })
  t.teardown(() => proxy.close())
  broker.hostname = '127.0.0.1'
  broker.port = String(proxy.port)
  const stage = await roleStage(t, 'services', { RABBITMQ_URL: broker.href, ...(bug && planted(bug)) })
  const { simulator, sql } = stage
  const { sql: lacks }: Bug = bug ? BUGS[bug] : { kind: 'lost', patches: [] }
  if (lacks) await sql(lacks)
  let program: StartedProcess = await stage.up('all')
  const shop = await roleShop(stage)
  const { client, recorder } = shop
  const other = await connect(client, simulator)
  recorder.connected(client, other.channel, other.account)
  const reader = startFeedReader(recorder, client)
  t.teardown(() => reader.stop())

  const write = (who: SimulatedCustomer, text = 'Anybody there?'): void => void simulator.dm(who, text)
  const peopleOf = (account: SimulatedAccount) => Array.from({ length: PEOPLE }, () => simulator.customer({ account }))
  const answered = peopleOf(shop.account)
  const unanswered = peopleOf(other.account)
  const people = [...answered, ...unanswered]
  for (const who of shuffled(people)) write(who, 'Hello')
  const tickets = new Map<SimulatedCustomer, string>()
  for (const who of people) tickets.set(who, await shop.ticketOf(who))
  const reply = (who: SimulatedCustomer) => shop.reply(tickets.get(who) as string, `reply ${shop.replies.length}`)

  /** Some write, and some are answered. */
  async function talk(): Promise<void> {
    for (let count = between(2, 5); count > 0; count--) write(oneOf(people))
    for (let count = between(1, 3); count > 0; count--) await reply(oneOf(answered))
  }
  const allStored = () =>
    waitFor(async () => {
      const { attempted, stored } = check(await shop.evidence())
      return simulator.webhooks.every(({ status }) => status === 200) && stored === attempted
    }, WITHIN_MS)
  await talk()
  await allStored()

  return {
    stage,
    shop,
    proxy,
    /** One whom nobody answers, so that nothing comes to their channel but what they write. */
    bob: unanswered[0] as SimulatedCustomer,
    ann: answered[0] as SimulatedCustomer,
    write,
    reply,
    talk,
    allStored,
    shuffled,
    kill: () => stage.kill(program),
    async startAgain(): Promise<void> {
      program = await stage.up('all')
    },

    /** Whoever stores a message of that person's has told of it and cannot commit, until it is let go. */
    async holdUp(who: SimulatedCustomer) {
      const [channel] = await sql<{ id: string }>('select id from channels where account = $1', [who.account.id])
      const holder = new Client({ connectionString: stage.adminUrl })
      await holder.connect()
      t.teardown(() => holder.end())
      await holder.query('begin')
      await holder.query('select from channel_health where channel_id = $1 for update', [channel?.id])
      return {
        someoneWaits: () =>
          waitFor(async () => {
            const waiting = await sql(`select from pg_stat_activity where wait_event_type = 'Lock'
              and datname = current_database() and query like '%channel_health%'`)
            return waiting.length > 0
          }, WITHIN_MS),
        letGo: () => holder.query('commit'),
      }
    },

    /** What the checker says once nothing is under way any more, and the program has given back whatever it had. */
    async verdict(): Promise<Verdict> {
      await waitFor(() => simulator.webhooks.every(({ status }) => status === 200), WITHIN_MS)
      await atRest(shop.evidence, { stillForMs: WITHIN_MS, missingForMs: 2_000 })
      await reader.stop()
      await program.end()
      return check(await shop.evidence())
    },
  }
}
