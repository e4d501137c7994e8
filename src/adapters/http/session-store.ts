import { createHash } from 'node:crypto'
import { type SessionData, Store } from 'express-session'
import { Unavailable } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SessionRecord, SessionRecords } from '../../ports/session-records.ts'
import { inTime } from './in-time.ts'
import type { SessionUser } from './session-user.ts'

/** A store that does not answer within this time is away. */
const TIMEOUT_MS = 2_000
const NOTED_EVERY_MS = 60_000

export const hashSessionId = (sid: string): string => createHash('sha256').update(sid).digest('hex')

/**
 * The store that express-session sees. Every failure is `Unavailable`: an agent whose session cannot be read is told to come
 * back (503), not that nobody is signed in (401). There is no `touch`: a session ends at a fixed time, or earlier when it is idle,
 * and express-session would put one back that was ended meanwhile.
 */
export class HashedSessionStore extends Store {
  readonly #records: SessionRecords
  readonly #clock: Clock
  readonly #idleMs: number
  /** New ones that are in the store. What a session says is never changed. */
  readonly #written = new WeakSet<SessionData>()

  constructor(records: SessionRecords, clock: Clock, idleMs: number) {
    super()
    this.#records = records
    this.#clock = clock
    this.#idleMs = idleMs
  }

  override get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    this.#use(sid).then((session) => callback(null, session), callback)
  }

  override set(sid: string, session: SessionData, callback: (error?: unknown) => void = ignore): void {
    // With the answer express-session writes a new session once more, which would bring back one that was ended meanwhile.
    if (this.#written.has(session)) {
      callback()
      return
    }
    const { data, expiresAt, userId } = this.#plain(session)
    answered(this.#records.set(hashSessionId(sid), data, expiresAt, userId)).then(() => {
      this.#written.add(session)
      callback()
    }, callback)
  }

  /** It goes on under another id, in one step; false where it has ended. */
  async move(from: string, to: string, session: SessionData, userId: string): Promise<boolean> {
    const { data, expiresAt } = this.#plain(session)
    const next = { idHash: hashSessionId(to), data, expiresAt, userId }
    const isMoved = await answered(this.#records.move(hashSessionId(from), next))
    if (isMoved) this.#written.add(session)
    return isMoved
  }

  /** What express-session hands over has methods; the store gets plain data. */
  #plain(session: SessionData) {
    const user = session.passport?.user
    const expiresAt = new Date(user?.expiresAt ?? session.cookie.expires ?? this.#clock.now())
    const data = JSON.parse(JSON.stringify(session)) as Record<string, unknown>
    return { data, expiresAt, userId: user?.id ?? null }
  }

  override destroy(sid: string, callback: (error?: unknown) => void = ignore): void {
    answered(this.#records.destroy(hashSessionId(sid))).then(() => callback(), callback)
  }

  /** Whose session it is; null once it has ended. */
  async user(sid: string): Promise<SessionUser | null> {
    const record = await this.#read(sid)
    return (record && userOf(record)) ?? null
  }

  /** Of one person, without those that have ended. */
  async ofUser(userId: string): Promise<readonly SessionRecord[]> {
    return (await answered(this.#records.ofUser(userId))).filter((record) => this.#isOn(record))
  }

  /** Whether it was this call that ended it. */
  async destroyHashed(idHash: string): Promise<boolean> {
    return answered(this.#records.destroy(idHash))
  }

  /** Being asked for keeps it from ending as idle. Noted to the minute, and left out where the store has just gone. */
  async #use(sid: string): Promise<SessionData | null> {
    const record = await this.#read(sid)
    if (record === null) return null
    const now = this.#clock.now()
    const used = lastUse(record)
    if (used !== null && now.getTime() - used.getTime() >= NOTED_EVERY_MS)
      await answered(this.#records.touch(record.idHash, now)).catch(ignore)
    return record.data as SessionData
  }

  async #read(sid: string): Promise<SessionRecord | null> {
    const record = await answered(this.#records.get(hashSessionId(sid)))
    return record && this.#isOn(record) ? record : null
  }

  #isOn(record: SessionRecord): boolean {
    const now = this.#clock.now()
    const expiresAt = userOf(record)?.expiresAt
    const used = lastUse(record)
    const isOver = expiresAt !== undefined && new Date(expiresAt) <= now
    return !isOver && (used === null || now.getTime() - used.getTime() < this.#idleMs)
  }
}

export const userOf = ({ data }: SessionRecord): SessionUser | undefined => (data as SessionData).passport?.user

/** A session that nobody came back with was used when it began. */
export function lastUse(record: SessionRecord): Date | null {
  const startedAt = userOf(record)?.startedAt
  return record.usedAt ?? (startedAt === undefined ? null : new Date(startedAt))
}

const ignore = (): void => {}

async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await inTime(work, TIMEOUT_MS)
  } catch (error) {
    throw new Unavailable('The session store does not answer. Try again shortly.', error)
  }
}
