import { RequestError } from './request-error.ts'

/** Throws where a limit says that there is to be waited. */
export function refuseUntil(retryAfterSeconds: number): void {
  if (retryAfterSeconds === 0) return
  throw new RequestError('rate-limited', `Try again in ${retryAfterSeconds} seconds.`, { extra: { retryAfterSeconds } })
}
