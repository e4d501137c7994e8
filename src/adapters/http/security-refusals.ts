import { DomainError } from '../../core/errors.ts'
import { isProblemCode, type ProblemCode, problemTypes } from './problem.ts'
import type { RequestFacts } from './request-log.ts'
import type { SecurityEvent } from './security-events.ts'
import type { SecurityFields } from './security-log.ts'

export type Refusal = Readonly<{ event: SecurityEvent; fields: SecurityFields }>

const MARKED = new WeakMap<Error, Refusal>()

/** Says what a refusal is in the log of security, where its code says less; the answer stays what it is. */
export function marked<E extends Error>(error: E, event: SecurityEvent, fields: SecurityFields = {}): E {
  MARKED.set(error, { event, fields })
  return error
}

/** `invalid-credentials` is told where it is found out whose address it was. */
const BY_CODE: Partial<Record<ProblemCode, SecurityEvent>> = {
  'signup-disabled': 'sign-up.refused',
  'email-taken': 'sign-up.refused',
  unauthenticated: 'session.refused',
  'reauthentication-required': 'reauthentication.required',
  'csrf-rejected': 'origin.refused',
  'cursor-invalid': 'cursor.refused',
  'cursor-mismatch': 'cursor.refused',
  'connect-state-invalid': 'connect-state.refused',
  'rate-limited': 'limit.reached',
}

/** Of a key, by the code that it is refused with. */
const OF_KEYS: Partial<Record<ProblemCode, string>> = {
  'ip-not-allowed': 'network',
  'session-required': 'takes-a-session',
}

/** What a refusal is for whoever watches; null for one that is no matter of theirs. */
export function refusalOf(error: unknown, facts: RequestFacts): Refusal | null {
  if (!(error instanceof DomainError)) return error instanceof URIError ? input('malformed-path') : null
  const known = MARKED.get(error)
  if (known) return known
  const code: string = error.code
  if (!isProblemCode(code)) return null
  const { missingPermission, apiKeyId } = error.extra
  const ofKey = OF_KEYS[code]
  if (ofKey !== undefined) {
    return {
      event: 'api-key.refused',
      fields: { reason: ofKey, ...(typeof apiKeyId === 'string' && { apiKeyId }) },
    }
  }
  if (code === 'forbidden') {
    const permission = typeof missingPermission === 'string' ? { permission: missingPermission } : {}
    if (facts.apiKeyId === undefined) return { event: 'permission.refused', fields: permission }
    const reason = typeof missingPermission === 'string' ? 'scope' : 'channel'
    return { event: 'api-key.refused', fields: { reason, ...permission } }
  }
  if (code === 'link-not-valid') {
    const isReset = facts.operationId === 'confirmPasswordReset'
    return { event: isReset ? 'password.reset-refused' : 'invitation.refused', fields: {} }
  }
  const event = BY_CODE[code]
  if (event !== undefined) return { event, fields: event === 'cursor.refused' ? { reason: code } : {} }
  return problemTypes[code].status === 400 ? input(code) : null
}

const input = (reason: string): Refusal => ({ event: 'input.refused', fields: { reason } })
