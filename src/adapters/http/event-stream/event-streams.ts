import type { Response } from 'express'
import type { Actor } from '../../../core/actor.ts'
import { Unavailable } from '../../../core/errors.ts'
import type { OrgId } from '../../../core/ids.ts'
import { RequestError } from '../request-error.ts'
import type { SignedIn } from '../session.ts'
import { EventReader } from './event-reader.ts'
import { readHint } from './numbered-hint.ts'
import type { StreamDeps } from './stream-deps.ts'
import { defaultTiming, type StreamTiming } from './stream-timing.ts'

export type EventStreams = Readonly<{
  /** Answers with a stream; throws as long as nothing was sent. `after`: the last number the reader has, null for what comes next. */
  open(res: Response, reader: { actor: Actor; signedIn: SignedIn; after: number | null }): Promise<void>
  /** Nobody reads on with a session that was ended. */
  endSession(sid: string): void
  /** Tells every reader that this server is going. */
  close(): Promise<void>
}>

const MAX_STREAMS_PER_SESSION = 5
const RETRY_AFTER_SECONDS = 30

/** The open streams of this process. Woken when events were numbered, and looking every second besides: a hint may be lost. */
export function createEventStreams(deps: StreamDeps, timing: StreamTiming = defaultTiming): EventStreams {
  const { feed, log, wakeups } = deps
  const readers = new Set<EventReader>()
  const slots = new Map<string, number>()
  let isClosing = false
  let timers: NodeJS.Timeout[] = []

  const each = (work: (reader: EventReader) => unknown): void => {
    for (const reader of readers) work(reader)
  }

  /** Organizations that are being asked for their last number, and whether they are to be asked once more. */
  const asking = new Map<OrgId, boolean>()
  const ask = async (orgId: OrgId): Promise<void> => {
    if (asking.has(orgId)) return void asking.set(orgId, true)
    try {
      do {
        asking.set(orgId, false)
        const lastSeq = await feed.lastSeq(orgId)
        each((reader) => reader.orgId === orgId && reader.reach(lastSeq))
      } while (asking.get(orgId))
    } catch (error) {
      log.debug({ err: error, orgId }, 'event streams wait for the database')
    } finally {
      asking.delete(orgId)
    }
  }
  /** One question per organization, however many of its members are watching. */
  const look = (): void => {
    for (const orgId of new Set([...readers].map((reader) => reader.orgId))) void ask(orgId)
  }
  const stopListening = wakeups.on('events-numbered', (payload) => {
    const hint = readHint(payload)
    if (hint === null) return look()
    each((reader) => reader.reach(hint.get(reader.orgId) ?? 0))
  })

  const start = (): void => {
    if (timers.length > 0) return
    timers = [setInterval(look, timing.pollMs), setInterval(() => each((reader) => reader.beat()), timing.heartbeatMs)]
    for (const timer of timers) timer.unref()
  }
  const stop = (): void => {
    for (const timer of timers) clearInterval(timer)
    timers = []
  }

  const release = (sid: string): void => {
    const left = (slots.get(sid) ?? 1) - 1
    if (left > 0) slots.set(sid, left)
    else slots.delete(sid)
  }
  const take = (sid: string): void => {
    if (isClosing) throw goingAway()
    const taken = slots.get(sid) ?? 0
    if (taken >= MAX_STREAMS_PER_SESSION) {
      throw new RequestError('rate-limited', `A session can have ${MAX_STREAMS_PER_SESSION} streams at a time.`, {
        extra: { retryAfterSeconds: RETRY_AFTER_SECONDS },
      })
    }
    slots.set(sid, taken + 1)
  }

  return {
    async open(res, { actor, signedIn, after }) {
      // The caller may have gone while the session was looked up.
      if (res.closed) return
      take(signedIn.sid)
      let reader: EventReader | undefined
      res.on('close', () => {
        release(signedIn.sid)
        if (reader) readers.delete(reader)
        if (readers.size === 0) stop()
      })
      const lastSeq = await feed.lastSeq(actor.orgId)
      if (isClosing) throw goingAway()
      if (res.closed) return
      reader = new EventReader({ ...deps, timing }, res, actor, signedIn)
      readers.add(reader)
      start()
      reader.begin(lastSeq, after)
    },
    endSession(sid) {
      each((reader) => reader.sid === sid && reader.end('signed-out'))
    },
    async close() {
      isClosing = true
      stopListening()
      stop()
      await Promise.all([...readers].map((reader) => reader.end('shutdown')))
    },
  }
}

const goingAway = () => new Unavailable('The server is ending. Try again shortly.')
