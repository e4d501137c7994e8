import type { ReauthRule } from './contract.ts'
import { RequestError } from './request-error.ts'
import type { SignedIn } from './session.ts'

/** How long a password that was given counts: long enough to set up a channel after signing up. A choice of this product. */
export const RECENT_MS = 10 * 60_000

/** Whether what is asked is so weighty that it takes a password given lately: always, or where the body has one of these fields. */
export const isWeighty = (rule: ReauthRule, body: unknown): boolean =>
  typeof rule === 'boolean' ? rule : rule.some((field) => Object.hasOwn(Object(body), field))

/** A session begins with a password, at a login, a sign-up or a re-authentication: so its age is the password's. */
export function requireRecent({ key, startedAt }: Pick<SignedIn, 'key' | 'startedAt'>, now: Date): void {
  if (key !== null) throw new RequestError('session-required', 'This takes a password, which an API key has not.')
  if (now.getTime() - new Date(startedAt).getTime() <= RECENT_MS) return
  throw new RequestError('reauthentication-required', 'This takes a password that was given in the last ten minutes.', {
    extra: { maxAgeSeconds: RECENT_MS / 1000 },
  })
}
