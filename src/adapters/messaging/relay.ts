import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Failpoint } from '../../config/failpoints.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Wakeups } from '../../ports/wakeups.ts'
import { BATCH, numberEvents, numberedPayload } from './event-numbering.ts'
import { reasonOf } from './failure.ts'

/** Any number, but the same in every process. */
const LOCK = 0x64636c6f
const TRY_LOCK_EVERY_MS = 200
const POLL_EVERY_MS = 100
const MIN_GAP_MS = 5

/**
 * The server ends the session of a leader that is paused or cut off, and with it the lock. A leader asks at least every
 * 100 ms. Over a unix socket the keepalives are ignored.
 */
const SESSION = `
set idle_session_timeout = '5s'; set statement_timeout = '10s'; set lock_timeout = '5s';
set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3`

export type Relay = Readonly<{ start(): Promise<void>; stop(): Promise<void>; isLeader(): boolean }>

export type RelayOptions = Readonly<{
  /** A direct connection of its own, running as `dc_system`. */
  connection: pg.ClientConfig
  wakeups: Wakeups
  log: Logger
  failpoint?: Failpoint | null
}>

/** Numbers events after commit, so that a reader's cursor never passes one that commits late. One leads, the others wait. */
export function createRelay({ connection, wakeups, log, failpoint = null }: RelayOptions): Relay {
  let stopped = true
  let leading = false
  let finished: Promise<void> | undefined
  let silence: (() => void) | undefined
  let current: pg.Client | undefined
  let failures = 0
  // One sleeper at a time; a wake-up that finds none is kept for the next sleep.
  let woken = false
  let wakeSleeper: (() => void) | undefined

  const sleep = async (ms: number): Promise<void> => {
    if (!woken && !stopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        wakeSleeper = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      wakeSleeper = undefined
    }
    woken = false
  }
  const wake = (): void => {
    woken = true
    wakeSleeper?.()
  }

  /** Followers are not woken by events. */
  const pause = async (ms: number): Promise<void> => {
    const untilMs = performance.now() + ms
    while (!stopped && performance.now() < untilMs) await sleep(untilMs - performance.now())
  }

  const numberWaiting = async (client: pg.Client): Promise<void> => {
    for (let more = true; more && !stopped; ) {
      if (failpoint) await failpoint('events.numbering')
      const orgs = await numberEvents(client)
      if (orgs.length === 0) return
      if (failpoint) await failpoint('events.numbered')
      wakeups.wake('events-numbered', numberedPayload(orgs))
      more = orgs.reduce((sum, { count }) => sum + count, 0) === BATCH
    }
  }

  const serve = async (client: pg.Client): Promise<void> => {
    await client.connect()
    await client.query(SESSION)
    while (!stopped) {
      const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [LOCK])
      if (rows[0]?.locked) break
      await pause(TRY_LOCK_EVERY_MS)
    }
    if (stopped) return
    leading = true
    log.info({}, 'this process numbers the events')
    while (!stopped) {
      await numberWaiting(client)
      failures = 0
      // Commits of the next moments share a statement.
      await delay(MIN_GAP_MS)
      await sleep(POLL_EVERY_MS)
    }
  }

  const run = async (): Promise<void> => {
    while (!stopped) {
      const client = new pg.Client({
        keepAlive: true,
        connectionTimeoutMillis: 5_000,
        query_timeout: 12_000,
        ...connection,
      })
      // The statement under way rejects as well; unheard, this would end the process.
      client.on('error', wake)
      current = client
      try {
        await serve(client)
      } catch (error) {
        failures += 1
        if (!stopped && (failures === 1 || failures % 60 === 0))
          log.warn({ reason: reasonOf(error), failures }, 'the relay lost its connection')
      }
      leading = false
      await client.end().catch(() => {})
      current = undefined
      if (!stopped) await pause(Math.min(1_000, 50 * 2 ** Math.min(failures, 5)))
    }
  }

  return {
    async start() {
      if (!stopped) return
      stopped = false
      silence = wakeups.on('events-written', wake)
      finished = run()
    },
    async stop() {
      if (stopped) return
      stopped = true
      silence?.()
      wake()
      // A server that does not answer shall not hold up the end.
      const timer = setTimeout(() => void current?.end().catch(() => {}), 2_000)
      await finished
      clearTimeout(timer)
    },
    isLeader: () => leading,
  }
}
