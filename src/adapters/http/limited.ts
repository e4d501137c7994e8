import type { Response } from 'express'
import type { RateLimits, Taken } from './rate-limits.ts'
import { RequestError } from './request-error.ts'
import type { SignedIn } from './session.ts'

/**
 * Tells in the headers of draft-ietf-httpapi-ratelimit-headers how much is left of a limit, beside those that were told before, and
 * throws where there is to be waited. Null: there is none.
 */
export function limit(res: Response, taken: Taken | null): void {
  if (taken === null) return
  const { name, points, seconds, left, resetSeconds, waitSeconds } = taken
  tell(res, 'RateLimit-Policy', `"${name}";q=${points};w=${seconds}`)
  tell(res, 'RateLimit', `"${name}";r=${left};t=${resetSeconds}`)
  if (waitSeconds === 0) return
  throw new RequestError('rate-limited', `Try again in ${waitSeconds} seconds.`, {
    extra: { retryAfterSeconds: waitSeconds },
  })
}

function tell(res: Response, name: string, value: string): void {
  const before = res.getHeader(name)
  res.setHeader(name, before === undefined ? value : `${before}, ${value}`)
}

/** Counts a call of whoever is signed in. A key counts by itself, all sessions of a person together. */
export async function limitCall(
  limits: Pick<RateLimits, 'takeCall'>,
  res: Response,
  signedIn: SignedIn,
): Promise<void> {
  limit(res, await limits.takeCall(callerOf(signedIn)))
}

/** Counts a reply that is asked for. The platform's own limits are kept where it is sent: there it waits. */
export async function limitSend(
  limits: Pick<RateLimits, 'takeSend'>,
  res: Response,
  signedIn: SignedIn,
  orgId: string,
): Promise<void> {
  limit(res, await limits.takeSend(callerOf(signedIn), orgId))
}

const callerOf = ({ userId, key }: SignedIn): string => (key === null ? userId : key.id)
