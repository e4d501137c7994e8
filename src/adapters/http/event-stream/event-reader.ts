import type { Response } from 'express'
import type { Actor } from '../../../core/actor.ts'
import type { OrgId } from '../../../core/ids.ts'
import { isInTime } from '../organization-guard.ts'
import type { SignedIn } from '../session.ts'
import { chunksOf, eventFrame, heartbeat, opening, streamFrame } from './frames.ts'
import { openSse, type SseResponse } from './sse-response.ts'
import type { StreamDeps } from './stream-deps.ts'
import type { StreamTiming } from './stream-timing.ts'

const BATCH = 100
/** Goodbyes spread the readers that come back over a few seconds. */
const RECONNECT_AFTER_MS = 1_000
const RECONNECT_SPREAD_MS = 4_000
const GOODBYE_MS = 1_000

type Deps = StreamDeps & Readonly<{ timing: StreamTiming }>

/**
 * One open stream. It pulls from the log behind its cursor, so it can neither skip nor repeat: the cursor moves only over what
 * was read, and the log is numbered after commit.
 */
export class EventReader {
  readonly orgId: OrgId
  readonly sid: string
  /** Everything up to this number was sent, or was not for this reader. */
  cursor = 0
  readonly #deps: Deps
  readonly #res: Response
  readonly #actor: Actor
  readonly #signedIn: SignedIn
  readonly #openedAt: number
  #confirmedAt: number
  #sse: SseResponse | undefined
  #pumping = false
  #pumpAgain = false
  #reason = 'reader-gone'

  constructor(deps: Deps, res: Response, actor: Actor, signedIn: SignedIn) {
    this.#deps = deps
    this.#res = res
    this.#actor = actor
    this.#signedIn = signedIn
    this.orgId = actor.orgId
    this.sid = signedIn.sid
    this.#openedAt = this.#confirmedAt = deps.clock.monotonicMs()
  }

  /** Says hello, then sends what is behind `after`, the last number the reader has; null: what happens from now on. */
  begin(lastSeq: number, after: number | null): void {
    const { clock, metrics, timing } = this.#deps
    const sse = openSse(this.#res, timing.drainTimeoutMs, () => (this.#reason = 'slow'))
    this.#sse = sse
    const seconds = Math.round(timing.heartbeatMs / 1000)
    const hello = { seq: lastSeq, serverTime: clock.now(), heartbeatSeconds: Math.max(1, seconds) }
    const tooFar = after !== null && (after > lastSeq || lastSeq - after > timing.maxReplay)
    this.cursor = after === null || tooFar ? lastSeq : after
    const reset = tooFar
      ? streamFrame({
          type: 'stream.reset',
          data: { seq: lastSeq, reason: after > lastSeq ? 'unknown-position' : 'too-far-behind' },
        })
      : ''
    if (after !== null) metrics.streamResumed(tooFar ? 'reset' : 'ok')
    sse.hint(`${opening}${streamFrame({ type: 'stream.hello', data: hello })}${reset}`)
    metrics.streamOpened()
    // From its own beginning on: the streams of a server are not looked up all at once.
    const checks = setInterval(() => void this.check(), timing.checkMs).unref()
    this.#res.on('close', () => {
      clearInterval(checks)
      metrics.streamClosed(this.#reason)
    })
    this.reach(lastSeq)
  }

  /** The log has this number: sends what is behind the cursor. Cheap where there is nothing to send. */
  reach(lastSeq: number): void {
    if (lastSeq > this.cursor) void this.#pump()
  }

  /** One at a time: a second call makes the first look once more. Never rejects. */
  async #pump(): Promise<void> {
    if (this.#pumping) {
      this.#pumpAgain = true
      return
    }
    this.#pumping = true
    try {
      do {
        this.#pumpAgain = false
        while (await this.#sendBatch());
      } while (this.#pumpAgain)
    } catch (error) {
      // The next look, a second from now, goes on behind the same cursor.
      this.#deps.log.debug({ err: error, orgId: this.orgId }, 'an event stream waits for the database')
    } finally {
      this.#pumping = false
    }
  }

  async #sendBatch(): Promise<boolean> {
    const sse = this.#sse
    if (!sse || sse.closed) return false
    const { events, scannedTo, more } = await this.#deps.feed.read(this.orgId, this.#actor.memberId, this.cursor, BATCH)
    for (const chunk of chunksOf(events.map(eventFrame))) if (!(await sse.write(chunk))) return false
    this.cursor = scannedTo
    return more
  }

  beat(): void {
    this.#sse?.hint(heartbeat)
  }

  /** A session, key or membership that has ended ends its streams; so does age, which makes the reader sign in anew. */
  async check(): Promise<void> {
    const { accounts, clock, core, sessions, timing } = this.#deps
    const now = clock.monotonicMs()
    if (now - this.#openedAt >= timing.maxAgeMs) return this.end('max-age')
    try {
      const { userId, memberId } = this.#actor
      const { key, sid } = this.#signedIn
      const stands = key === null ? await sessions.isAlive(sid, userId) : await core.apiKeyStands(key.id)
      if (!stands) return this.end('session-ended')
      const membership = await accounts.membership(this.orgId, userId)
      if (!membership?.active || membership.memberId !== memberId) return this.end('membership-ended')
      if (!isInTime(membership, this.#signedIn)) return this.end('session-ended')
      this.#confirmedAt = now
    } catch {
      if (now - this.#confirmedAt >= timing.trustMs) return this.end('unavailable')
    }
  }

  /** Says goodbye and closes, within a second even if the reader does not listen. */
  end(reason: string): Promise<void> {
    const res = this.#res
    if (res.destroyed || !this.#sse) return Promise.resolve()
    this.#reason = reason
    const reconnectAfterMs = RECONNECT_AFTER_MS + Math.round(Math.random() * RECONNECT_SPREAD_MS)
    this.#sse.end(streamFrame({ type: 'stream.goodbye', data: { reason, reconnectAfterMs } }))
    return new Promise((resolve) => {
      const timer = setTimeout(() => res.destroy(), GOODBYE_MS)
      res.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
