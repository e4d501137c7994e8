import { Unavailable } from '../../core/errors.ts'

/** SQLSTATE classes that say the server, not the data: connection, resources, shutdown, read-only, deadlock. */
const SERVER_TROUBLE = /^(08(?!P01)|53[134]|57P|25006|40001|40P01|55P03)/
const NETWORK_TROUBLE = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)/
/** pg gives these without a code. */
const LOST_CONNECTION =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/

/** Waiting may help: a server is away. Such a failure is nobody's fault and counts as no attempt. */
export function isTransient(error: unknown): boolean {
  let current = error
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    if (current instanceof Unavailable || LOST_CONNECTION.test(current.message)) return true
    const { code, syscall } = current as { code?: unknown; syscall?: unknown }
    if (typeof code === 'string' && (SERVER_TROUBLE.test(code) || NETWORK_TROUBLE.test(code))) return true
    if (code === 'ENOENT' && syscall === 'connect') return true
    current = current.cause
  }
  return false
}

/** The row itself is at fault: SQLSTATE 22 and 23, or a NUL that the protocol refuses. */
export function isDataError(error: unknown): boolean {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && (/^2[23]/.test(code) || code === '08P01')
}

/** Short enough for a header and free of NUL, which PostgreSQL refuses in text. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return text.replaceAll('\0', ' ').slice(0, 300)
}

/** 1 s, 2 s, 4 s … 60 s, of which a random half is taken off, so that neighbours do not come back together. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const fullMs = Math.min(60_000, 1_000 * 2 ** Math.max(0, attempt - 1))
  return Math.max(1_000, Math.round(fullMs * (0.5 + random() / 2)))
}
