import type { Response } from 'express'
import type { RateLimits } from './rate-limits.ts'
import { RequestError } from './request-error.ts'
import type { SignedIn } from './session.ts'

/** Throws where a limit says that there is to be waited. */
export function refuseUntil(retryAfterSeconds: number): void {
  if (retryAfterSeconds === 0) return
  throw new RequestError('rate-limited', `Try again in ${retryAfterSeconds} seconds.`, { extra: { retryAfterSeconds } })
}

/**
 * Counts a call of whoever is signed in, and tells in the headers of draft-ietf-httpapi-ratelimit-headers how much is left of the
 * limit that is nearest to its end. A key counts by itself, all sessions of a person together.
 */
export async function limitCall(
  limits: Pick<RateLimits, 'takeCall'>,
  res: Response,
  { userId, key }: SignedIn,
  orgId: string,
): Promise<void> {
  const told = await limits.takeCall(key === null ? userId : key.id, orgId)
  if (told === null) return
  const { name, points, seconds, left, resetSeconds } = told
  res.setHeader('RateLimit-Policy', `"${name}";q=${points};w=${seconds}`)
  res.setHeader('RateLimit', `"${name}";r=${left};t=${resetSeconds}`)
  refuseUntil(told.waitSeconds)
}
