/**
 * What a failure of PostgreSQL, or of the way to it, means. One table for all who ask: drivers and the ORM wrap one error in
 * another, so each question looks at the causes too.
 */

/** SQLSTATE, or the system's word (ECONNREFUSED) where there was no answer. */
export function codeOf(error: unknown): string | null {
  for (const e of causesOf(error)) if ('code' in e && typeof e.code === 'string') return e.code
  return null
}

export function constraintOf(error: unknown): string | null {
  for (const e of causesOf(error)) if ('constraint' in e && typeof e.constraint === 'string') return e.constraint
  return null
}

export const isUniqueViolation = (error: unknown, constraint?: string): boolean =>
  codeOf(error) === '23505' && (constraint === undefined || constraintOf(error) === constraint)

/** Also what a NUL in the text of a statement is: a "protocol violation", the class that PgBouncer uses for all its trouble. */
const isMalformed = (error: unknown): boolean =>
  codeOf(error) === '08P01' && causesOf(error).some(({ message }) => message.includes('invalid message format'))

/** A value is at fault, not the moment: the same statement fails again. */
export const isDataError = (error: unknown): boolean => /^2[23]/.test(codeOf(error) ?? '') || isMalformed(error)

/** Deadlock or serialization failure: the whole transaction may be run again. */
export const isRetryable = (error: unknown): boolean => ['40P01', '40001'].includes(codeOf(error) ?? '')

const NO_CONNECTION =
  /^(ECONN\w+|EPIPE|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|08...|57P0[1-5]|53300|25P0[34]|25006)$/
const NO_CONNECTION_TEXT =
  /Connection (terminated|ended)|timeout exceeded when trying to connect|Query read timeout|connection error and is not queryable|Client was closed|pool after calling end|connection has been discarded|driver has already been destroyed/i

/** Never begins with an E, as EPIPE does. */
const SQLSTATE = /^[0-9A-DF-Z][0-9A-Z]{4}$/

/** The server is away, or this connection to it is gone. */
export function isConnectionError(error: unknown): boolean {
  const code = codeOf(error)
  // The server has answered. Its words count for nothing then: they quote values, and the ORM's the whole statement.
  if (code !== null && SQLSTATE.test(code)) return NO_CONNECTION.test(code) && !isMalformed(error)
  return causesOf(error).some((e) => {
    const { code, syscall } = e as { code?: unknown; syscall?: unknown }
    if (typeof code === 'string' && NO_CONNECTION.test(code)) return true
    // A socket that is not there; any other file that is missing is something else.
    return (code === 'ENOENT' && syscall === 'connect') || NO_CONNECTION_TEXT.test(e.message)
  })
}

/** No connection, or no answer in time (a statement or lock timeout), or no room: the same may work later. */
export const isUnavailable = (error: unknown): boolean =>
  isConnectionError(error) || /^(57014|55P03|53...)$/.test(codeOf(error) ?? '')

/** From the outside in. Bounded: an error may be its own cause. */
function causesOf(error: unknown): readonly Error[] {
  const found: Error[] = []
  for (let e = error; e instanceof Error && found.length < 10; e = e.cause) found.push(e)
  return found
}
