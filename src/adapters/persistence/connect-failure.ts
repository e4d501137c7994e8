type Failure = Readonly<{ code: string; message: string; address: string | null }>

const REFUSED: Readonly<Record<string, string>> = {
  '28P01': 'the password is not right',
  '28000': 'this login may not come in',
  '3D000': 'there is no such database',
  // The role that connections start with: made by db:push.
  '22023': 'it was never set up; run `npm run db:push` first',
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  '57P03',
  '53300',
])
/** What `pg` says, without a code, where no connection came about in time. */
const TIMED_OUT = /timeout expired|connection timeout|timeout exceeded when trying to connect/i

/** The server of DATABASE_URL answers and lets this login not in: a sentence, or null for another failure. */
export function databaseRefusal(error: unknown): string | null {
  const found = failuresOf(error).find(({ code }) => Object.hasOwn(REFUSED, code))
  return found
    ? `The database that DATABASE_URL (or DATABASE_ADMIN_URL) names refuses: ${REFUSED[found.code]} (${found.message}).`
    : null
}

/** The server of DATABASE_URL does not answer: a sentence, or null for another failure. */
export function databaseUnreachable(error: unknown): string | null {
  const found = failuresOf(error).find(({ code, message }) => UNREACHABLE.has(code) || TIMED_OUT.test(message))
  if (!found) return null
  const at = found.address === null ? '' : ` at ${found.address}`
  const reason = found.code === '' ? 'no answer in time' : found.code
  return `The database that DATABASE_URL (or DATABASE_ADMIN_URL) names cannot be reached${at} (${reason}). Is it running?`
}

/** The error, what it was caused by, and what it gathers: drivers wrap one in the other. */
function failuresOf(error: unknown, depth = 0): readonly Failure[] {
  if (depth > 5 || typeof error !== 'object' || error === null) return []
  const { code, message, address, port, cause, errors, previous } = error as Readonly<Record<string, unknown>>
  const itself: Failure = {
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? (message.split('\n')[0] ?? '') : '',
    address: typeof address === 'string' ? `${address}:${port}` : null,
  }
  const within = [cause, previous, ...(Array.isArray(errors) ? errors : [])]
  return [itself, ...within.flatMap((inner) => failuresOf(inner, depth + 1))]
}
