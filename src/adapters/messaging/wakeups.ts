import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { Logger } from '../../ports/logger.ts'
import type { Wakeups, WakeupTopic } from '../../ports/wakeups.ts'
import { reasonOf } from './failure.ts'
import { createListeners } from './wakeup-listeners.ts'

const CHANNEL = 'delightchat_wakeups'
/** NOTIFY takes less than 8,000 bytes. */
const MAX_BYTES = 7_500
const MIN_GAP_MS = 5
const ANSWER_WITHIN_MS = 5_000
const RECONNECT_MAX_MS = 5_000

export type PostgresWakeups = Wakeups &
  Readonly<{
    /** Resolves when listening, or after the first try failed: it goes on trying. */
    start(): Promise<void>
    stop(): Promise<void>
  }>

export type WakeupsOptions = Readonly<{
  /** A direct connection: LISTEN does not work through a transaction pooler. Any role. */
  connection: pg.ClientConfig
  log: Logger
}>

type Note = readonly [topic: WakeupTopic, payload: string | null]

/** Listeners of this process are called at once; other processes by one NOTIFY per 5 ms at most. */
export function createWakeups({ connection, log }: WakeupsOptions): PostgresWakeups {
  const self = randomUUID()
  const listeners = createListeners(log)
  let pending = new Map<string, Note>()
  let client: pg.Client | undefined
  let sendTimer: NodeJS.Timeout | undefined
  let retryTimer: NodeJS.Timeout | undefined
  let sending = false
  let failures = 0
  let stopped = true

  const send = async (): Promise<void> => {
    sendTimer = undefined
    const via = client
    const notes = pending
    pending = new Map()
    if (via === undefined || notes.size === 0) return
    sending = true
    const deadline = setTimeout(() => lose(via, new Error('NOTIFY was not answered')), ANSWER_WITHIN_MS)
    try {
      for (const message of messagesOf(self, [...notes.values()]))
        await via.query('select pg_notify($1, $2)', [CHANNEL, message])
    } catch (error) {
      lose(via, error)
    } finally {
      clearTimeout(deadline)
      sending = false
    }
    if (pending.size > 0) schedule(MIN_GAP_MS)
    else gapUntilMs = performance.now() + MIN_GAP_MS
  }

  let gapUntilMs = 0
  const schedule = (afterMs: number): void => {
    if (stopped || client === undefined) pending.clear()
    else if (!sending) sendTimer ??= setTimeout(() => void send(), afterMs)
  }

  const receive = (message: string | undefined): void => {
    const [sender, notes] = parse(message)
    if (sender === self) return
    for (const [topic, payload] of notes) listeners.call(topic, payload ?? undefined)
  }

  const connect = async (): Promise<void> => {
    retryTimer = undefined
    const fresh = new pg.Client({
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: 5_000,
      query_timeout: ANSWER_WITHIN_MS,
      ...connection,
    })
    fresh.on('error', (error) => lose(fresh, error))
    fresh.on('end', () => lose(fresh, new Error('the connection ended')))
    fresh.on('notification', ({ payload }) => receive(payload))
    candidate = fresh
    try {
      await fresh.connect()
      await fresh.query(`listen ${CHANNEL}`)
    } catch (error) {
      return lose(fresh, error)
    }
    if (stopped) return void fresh.end().catch(() => {})
    client = fresh
    if (failures > 0) log.info({ failures }, 'wake-ups between processes are back')
    failures = 0
    // Something may have been missed.
    listeners.callAll()
  }

  let candidate: pg.Client | undefined
  const lose = (lost: pg.Client, error: unknown): void => {
    if (lost !== candidate) return
    candidate = undefined
    client = undefined
    lost.end().catch(() => {})
    if (stopped) return
    failures += 1
    if (failures === 1) log.warn({ reason: reasonOf(error) }, 'no wake-ups between processes; polling goes on')
    const delayMs = Math.min(RECONNECT_MAX_MS, 100 * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2)
    retryTimer = setTimeout(() => void connect(), delayMs)
  }

  return {
    wake(topic, payload) {
      listeners.call(topic, payload)
      if (stopped || client === undefined) return
      pending.set(`${topic} ${payload ?? ''}`, [topic, payload ?? null])
      schedule(Math.max(0, gapUntilMs - performance.now()))
    },
    on: listeners.add,
    async start() {
      stopped = false
      await connect()
    },
    async stop() {
      stopped = true
      clearTimeout(sendTimer)
      clearTimeout(retryTimer)
      sendTimer = undefined
      const last = candidate
      candidate = undefined
      client = undefined
      await last?.end().catch(() => {})
    },
  }
}

/** As few messages as fit; when it is too much at once the payloads are left out: anything may be meant. */
function messagesOf(sender: string, notes: readonly Note[]): string[] {
  const whole = JSON.stringify([sender, notes])
  if (Buffer.byteLength(whole) <= MAX_BYTES) return [whole]
  const half = Math.ceil(notes.length / 2)
  if (notes.length > 1 && notes.length <= 16)
    return [...messagesOf(sender, notes.slice(0, half)), ...messagesOf(sender, notes.slice(half))]
  return [JSON.stringify([sender, [...new Set(notes.map(([topic]) => topic))].map((topic) => [topic, null])])]
}

function parse(message: string | undefined): [sender: string | null, notes: readonly Note[]] {
  try {
    const value: unknown = JSON.parse(message ?? '')
    if (!Array.isArray(value) || typeof value[0] !== 'string' || !Array.isArray(value[1])) return [null, []]
    return [value[0], value[1].filter(isNote)]
  } catch {
    return [null, []]
  }
}

const isNote = (note: unknown): note is Note =>
  Array.isArray(note) && typeof note[0] === 'string' && (note[1] === null || typeof note[1] === 'string')
