import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import {
  createInstagramSimulator,
  type InstagramSimulator,
  type SimulatedAccount,
  type SimulatedCustomer,
} from '../../../dev/instagram-simulator/index.ts'
import type { RunningRoleName } from '../../../src/application.ts'
import type { FailpointName } from '../../../src/config/failpoints.ts'
import { type Profile, testDatabase } from '../../support/database.ts'
import { connect, type InboxClient, signUp, ticketOf } from '../../support/inbox-client.ts'
import { readInbox, violations } from '../../support/ledger.ts'
import { freePort, type StartedProcess, startProcess, waitFor } from '../../support/processes.ts'
import { dataFolder, ROOT, settings } from '../../support/program.ts'
import { deleteQueues } from '../../support/rabbit-queues.ts'
import { onServer } from '../../support/template.ts'
import type { Reply } from '../../support/traffic.ts'

const UP_WITHIN_MS = 120_000
const KILLED_WITHIN_MS = 60_000

/** As Meta comes again, with more haste. */
const RETRIES = Array.from({ length: 600 }, () => 300)

export type RoleStage = Awaited<ReturnType<typeof roleStage>>

/**
 * The roles as processes of their own, on a database and queues that go with the test; `embedded` has its queue in the database,
 * `services` in RabbitMQ. The simulator's ledger says what is true.
 */
export async function roleStage(t: ExecutionContext, profile: Profile, given: Readonly<Record<string, string>> = {}) {
  const simulator = await createInstagramSimulator({ webhookRetryAfterMs: RETRIES })
  const database = await testDatabase(profile)
  const prefix = `rows-${randomUUID().slice(0, 8)}`
  const rabbit = profile === 'services' ? (process.env['TEST_RABBITMQ_URL'] ?? '') : ''
  const port = await freePort()
  const env = settings({
    DATA_DIR: await dataFolder(t, 'rows'),
    DATABASE_URL: database.url,
    RABBITMQ_URL: rabbit,
    SERVICES_PREFIX: prefix,
    PORT: String(port),
    INSTAGRAM_GRAPH_URL: simulator.url,
    FACEBOOK_GRAPH_URL: simulator.url,
    INSTAGRAM_APP_SECRET: 'secret-of-the-app',
    LOG_LEVEL: 'info',
    ...given,
  })
  const url = `http://127.0.0.1:${port}`
  const running = new Set<StartedProcess>()
  t.teardown(async () => {
    for (const one of running) one.signal('SIGKILL')
    await Promise.all([...running].map(({ exited }) => exited))
    await simulator.close()
    if (rabbit !== '') await deleteQueues(rabbit, prefix)
    await database.close()
  })

  /** The role with its failpoints; without a role all of them in one process. */
  function start(role: RunningRoleName | 'all', failpoints = '', program = 'src/main.ts'): StartedProcess {
    const args = role === 'all' ? [program] : [program, role]
    const started = startProcess(process.execPath, args, { ...env, FAILPOINT: failpoints }, { cwd: ROOT })
    running.add(started)
    void started.exited.then(() => running.delete(started))
    return started
  }

  async function up(role: RunningRoleName | 'all', failpoints = ''): Promise<StartedProcess> {
    const started = start(role, failpoints)
    await started.says(role === 'api' || role === 'all' ? /listening at/ : /sessions: \w+ \(REDIS_URL\)/, UP_WITHIN_MS)
    return started
  }

  /** Ends it as the system does when memory is short. */
  async function kill(started: StartedProcess): Promise<void> {
    started.signal('SIGKILL')
    await started.exited
  }

  /** Dies where it is told to, and not of something else. */
  async function dies(started: StartedProcess, what: string): Promise<void> {
    const exit = await Promise.race([started.exited, sleep(KILLED_WITHIN_MS, null, { ref: false })])
    if (exit?.signal !== 'SIGKILL')
      throw new Error(`${what}: it was not killed there (${JSON.stringify(exit)}):\n${started.output()}`)
  }

  /** The role lives until it comes by the place for the first time. */
  async function killedAt(role: RunningRoleName, place: FailpointName, nth = 1): Promise<void> {
    await dies(start(role, `${place}:kill@${nth}`), `${role} at ${place}`)
  }

  const sql = async <Row extends object>(text: string, values: unknown[] = []): Promise<readonly Row[]> =>
    (await onServer(database.admin, (client) => client.query<Row>(text, values))).rows

  return { simulator, url, start, up, kill, dies, killedAt, sql }
}

export type RoleShop = Readonly<{
  client: InboxClient
  account: SimulatedAccount
  people: SimulatedCustomer[]
  replies: Reply[]
  /** Somebody new writes; the platform comes again until that is taken. */
  write(text?: string): SimulatedCustomer
  ticketOf(who: SimulatedCustomer): Promise<string>
  /** The client asks again under its key until there is an answer. */
  reply(ticketId: string, text: string): Promise<Reply>
  /** Everything that promises are broken by, in words. */
  broken(): Promise<readonly string[]>
}>

/** An organization with a channel; the api role has to be up. */
export async function roleShop({ simulator, url }: RoleStage): Promise<RoleShop> {
  const client = await signUp(url)
  const { account } = await connect(client, simulator)
  const people: SimulatedCustomer[] = []
  const replies: Reply[] = []
  return {
    client,
    account,
    people,
    replies,
    write(text = `message ${people.length}`) {
      const who = simulator.customer({ account })
      people.push(who)
      void simulator.dm(who, text)
      return who
    },
    ticketOf: async (who) => (await ticketOf(client, who)).id,
    async reply(ticketId, text) {
      const reply: Reply = { ticketId, text, answer: null }
      replies.push(reply)
      await waitFor(async () => {
        const { status, body } = await client.reply(ticketId, text, { 'idempotency-key': text })
        if (status < 500) reply.answer = { status, message: body }
        return status < 500
      }, 120_000)
      return reply
    },
    broken: async () => broken({ client, people, replies, simulator }),
  }
}

async function broken(about: {
  client: InboxClient
  people: readonly SimulatedCustomer[]
  replies: readonly Reply[]
  simulator: InstagramSimulator
}): Promise<readonly string[]> {
  const { client, people, replies, simulator } = about
  const inbox = await readInbox(client)
  const told = violations(inbox, { people, replies, webhooks: simulator.webhooks, received: simulator.received })
  const waits = inbox.messages.filter(({ status }) => status === 'QUEUED' || status === 'SENDING')
  const refused = simulator.webhooks.filter(({ status }) => status !== 200)
  return [
    ...told,
    ...waits.map(({ content, status }) => `"${content}" is still ${status}`),
    ...refused.map(({ mid }) => `the webhook of ${mid} was not taken`),
  ]
}
