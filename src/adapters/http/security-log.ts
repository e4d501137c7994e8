import { createHmac } from 'node:crypto'
import type { Request, Response } from 'express'
import type { Logger } from '../../ports/logger.ts'
import { createOnceAMinute } from './once-a-minute.ts'
import { networkOf } from './rate-limits.ts'
import { factsOf, type RequestFacts, whoAsked } from './request-log.ts'
import { SECURITY_EVENTS, type SecurityEvent } from './security-events.ts'
import { refusalOf } from './security-refusals.ts'

type Asked = Readonly<{ req: Request; res: Response }>
/** Ids and words of ours only; what a caller wrote has no place in it. */
export type SecurityFields = Readonly<Record<string, string | number | null>>

export type SecurityLog = Readonly<{
  /** Something was done: a line each. */
  done(event: SecurityEvent, asked: Asked, fields?: SecurityFields): void
  /** Something was refused: a line a minute for a cause (operation, who or network), which says how many came since. */
  refused(event: SecurityEvent, asked: Asked, fields?: SecurityFields): void
  /** The same where it takes a while to find out what to say: null where this cause was told within the minute. */
  refusedLater(event: SecurityEvent, asked: Asked, cause: string): ((fields: SecurityFields) => void) | null
  /** The same for what has no request of the API behind it. `fields` is called only if the line is written: of a flood nearly none is. */
  refusedAtDoor(event: SecurityEvent, fields: () => SecurityFields, cause: string): void
  /** Of whatever was thrown: its line, if it is a matter of security. */
  thrown(error: unknown, asked: Asked): void
  /** Names an address that may be nobody's here, to tell several tries from each other, and tells nobody what it is. */
  hashOf(email: string): string
}>

/** Lines of one event that anybody can bring about, in a minute; beyond them it has one in common. For each its own: a flood hides no other. */
const MOST_ANONYMOUS = 200
const WINDOW_MS = 60_000

/**
 * The one place where lines of security are written: what happened, when, in which request and route, who asked, and from which
 * network, as limits count them: an IPv4 address, or the /64 of an IPv6 one.
 */
export function createSecurityLog({
  log,
  secret,
  nowMs = () => performance.now(),
}: Readonly<{ log: Logger; secret: string; nowMs?: () => number }>): SecurityLog {
  const once = createOnceAMinute(nowMs)
  const isCrowded = createBudget(nowMs)
  // Derived, so that a line tells nothing about the secret that signs sessions.
  const key = createHmac('sha256', secret).update('addresses in lines of security').digest()

  const untoldOf = (event: SecurityEvent, cause: string, isAnonymous: boolean): number | null => {
    const untold = once(`${event} ${cause}`)
    return untold !== null && isAnonymous && isCrowded(event) ? once(event) : untold
  }
  const warn = (event: SecurityEvent, untold: number, fields: object) =>
    log.warn({ event, ...fields, ...(untold > 0 && { untold }) }, SECURITY_EVENTS[event])

  const refused: SecurityLog['refused'] = (event, asked, fields = {}) => {
    const facts = factsOf(asked.res)
    const who = facts.apiKeyId ?? facts.userId
    const cause = `${facts.operationId ?? ''} ${who ?? networkOf(asked.req.ip ?? '')} ${fields['reason'] ?? ''}`
    const untold = untoldOf(event, cause, who === undefined)
    if (untold !== null) warn(event, untold, { ...placeOf(asked, facts), ...fields })
  }

  return {
    done(event, asked, fields = {}) {
      log.info({ event, ...placeOf(asked, factsOf(asked.res)), ...fields }, SECURITY_EVENTS[event])
    },
    refused,
    refusedLater(event, asked, cause) {
      const place = placeOf(asked, factsOf(asked.res))
      const own = once(`${event} ${cause}`)
      if (own === null) return null
      const untold = isCrowded(event) ? once(event) : own
      return (fields) => {
        if (untold !== null) warn(event, untold, { ...place, ...fields })
      }
    },
    refusedAtDoor(event, fields, cause) {
      const untold = untoldOf(event, cause, true)
      if (untold !== null) warn(event, untold, fields())
    },
    thrown(error, asked) {
      const found = refusalOf(error, factsOf(asked.res))
      if (found !== null) refused(found.event, asked, found.fields)
    },
    hashOf: (email) =>
      createHmac('sha256', key).update(email.normalize('NFKC').trim().toLowerCase()).digest('hex').slice(0, 16),
  }
}

const placeOf = ({ req }: Asked, facts: RequestFacts) => ({
  requestId: facts.requestId,
  route: facts.route,
  ...(facts.operationId !== undefined && { operationId: facts.operationId }),
  ...whoAsked(facts),
  network: networkOf(req.ip ?? ''),
})

function createBudget(nowMs: () => number): (event: SecurityEvent) => boolean {
  const windows = new Map<SecurityEvent, { sinceMs: number; lines: number }>()
  return (event) => {
    const known = windows.get(event)
    const window = known && nowMs() - known.sinceMs < WINDOW_MS ? known : { sinceMs: nowMs(), lines: 0 }
    windows.set(event, window)
    return ++window.lines > MOST_ANONYMOUS
  }
}
