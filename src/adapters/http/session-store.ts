import { createHash } from 'node:crypto'
import { type SessionData, Store } from 'express-session'
import { Unavailable } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SessionRecords } from '../../ports/session-records.ts'
import { inTime } from './in-time.ts'
import type { SessionUser } from './session-user.ts'

/** A store that does not answer within this time is away. */
const TIMEOUT_MS = 2_000

export const hashSessionId = (sid: string): string => createHash('sha256').update(sid).digest('hex')

/**
 * The store that express-session sees. Every failure is `Unavailable`: an agent whose session cannot be read is told to come
 * back (503), not that nobody is signed in (401). A session ends at a fixed time, so there is no `touch`.
 */
export class HashedSessionStore extends Store {
  readonly #records: SessionRecords
  readonly #clock: Clock

  constructor(records: SessionRecords, clock: Clock) {
    super()
    this.#records = records
    this.#clock = clock
  }

  override get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    this.#read(sid).then((session) => callback(null, session), callback)
  }

  override set(sid: string, session: SessionData, callback: (error?: unknown) => void = ignore): void {
    const user = session.passport?.user
    const expiresAt = new Date(user?.expiresAt ?? session.cookie.expires ?? this.#clock.now())
    // What express-session hands over has methods; the store gets plain data.
    const data = JSON.parse(JSON.stringify(session)) as Record<string, unknown>
    answered(this.#records.set(hashSessionId(sid), data, expiresAt, user?.id ?? null)).then(() => callback(), callback)
  }

  override destroy(sid: string, callback: (error?: unknown) => void = ignore): void {
    answered(this.#records.destroy(hashSessionId(sid))).then(() => callback(), callback)
  }

  /** Whose session it is; null once it has ended. */
  async user(sid: string): Promise<SessionUser | null> {
    return (await this.#read(sid))?.passport?.user ?? null
  }

  async #read(sid: string): Promise<SessionData | null> {
    const session = (await answered(this.#records.get(hashSessionId(sid)))) as SessionData | null | undefined
    const expiresAt = session?.passport?.user?.expiresAt
    if (!session || (expiresAt !== undefined && new Date(expiresAt) <= this.#clock.now())) return null
    return session
  }
}

const ignore = (): void => {}

async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await inTime(work, TIMEOUT_MS)
  } catch (error) {
    throw new Unavailable('The session store does not answer. Try again shortly.', error)
  }
}
