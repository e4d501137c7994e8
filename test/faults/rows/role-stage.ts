import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import {
  createInstagramSimulator,
  type SimulatedAccount,
  type SimulatedCustomer,
} from '../../../dev/instagram-simulator/index.ts'
import type { RunningRoleName } from '../../../src/application.ts'
import type { FailpointName } from '../../../src/config/failpoints.ts'
import { type BegunApplication, beginApplication } from '../../support/application.ts'
import { type Profile, testDatabase } from '../../support/database.ts'
import { connect, type InboxClient, signUp, ticketOf } from '../../support/inbox-client.ts'
import { freePort, type StartedProcess, startProcess, waitFor } from '../../support/processes.ts'
import { dataFolder, ROOT, settings } from '../../support/program.ts'
import { deleteQueues } from '../../support/rabbit-queues.ts'
import { onServer } from '../../support/template.ts'
import { brokenIn, check, type Evidence } from '../harness/checker.ts'
import { createRecorder, type RecordedReply, type Recorder } from '../harness/history.ts'
import { readSnapshot, type Snapshot } from '../harness/snapshot.ts'

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
  // A test that gives another one has no queues of its own.
  const isOwn = profile === 'services' && given['RABBITMQ_URL'] === undefined
  const rabbit = isOwn ? (process.env['TEST_RABBITMQ_URL'] ?? '') : ''
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

  /** The roles in this process, started and ended as `src/main.ts` does it: cheaper, where nothing is to be killed. */
  async function begin(...roles: readonly RunningRoleName[]): Promise<BegunApplication> {
    const begun = await beginApplication(t, roles, roles.includes('api') ? env : { ...env, PORT: '' })
    await begun.started
    return begun
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

  /** All that the database and the queues hold. */
  const snapshot = (): Promise<Snapshot> => readSnapshot(database.adminUrl, rabbit === '' ? null : rabbit, { prefix })

  const { admin, adminUrl } = database
  return { simulator, url, admin, adminUrl, begin, start, up, kill, dies, killedAt, sql, snapshot }
}

export type RoleShop = Readonly<{
  client: InboxClient
  account: SimulatedAccount
  people: SimulatedCustomer[]
  replies: RecordedReply[]
  recorder: Recorder
  /** Somebody new writes; the platform comes again until that is taken. */
  write(text?: string): SimulatedCustomer
  ticketOf(who: SimulatedCustomer): Promise<string>
  /** The client asks again under its key until there is an answer. No two say the same. */
  reply(ticketId: string, text: string): Promise<RecordedReply>
  /** What the checker judges. */
  evidence(): Promise<Evidence>
  /** Everything that promises are broken by, in words; all is over, and what is not taken or waits counts. */
  broken(): Promise<readonly string[]>
}>

/** An organization with a channel; the api role has to be up. */
export async function roleShop({ simulator, url, snapshot }: RoleStage): Promise<RoleShop> {
  const client = await signUp(url)
  const recorder = createRecorder()
  const { account, channel } = await connect(client, simulator)
  recorder.connected(client, channel, account)
  const people: SimulatedCustomer[] = []
  const replies: RecordedReply[] = []
  const evidence = async (): Promise<Evidence> => {
    const taken = await snapshot()
    return { ledger: simulator.ledger(), history: recorder.history, snapshot: taken }
  }
  return {
    client,
    account,
    people,
    replies,
    recorder,
    write(text = `message ${people.length}`) {
      const who = simulator.customer({ account })
      people.push(who)
      void simulator.dm(who, text)
      return who
    },
    ticketOf: async (who) => (await ticketOf(client, who)).id,
    async reply(ticketId, text) {
      const reply = recorder.reply(client, ticketId, text)
      replies.push(reply)
      await waitFor(() => reply.post(), 120_000)
      return reply
    },
    evidence,
    async broken() {
      const refused = simulator.webhooks.filter(({ status }) => status !== 200)
      return [...brokenIn(check(await evidence())), ...refused.map(({ mid }) => `the webhook of ${mid} was not taken`)]
    },
  }
}
