import { pino } from 'pino'
import type { Logger } from '../../ports/logger.ts'

/** Names that hold secrets anywhere in a log line's fields. */
const SECRET_FIELDS = [
  'password',
  'passwordHash',
  'accessToken',
  'appSecret',
  'webhookVerifyToken',
  'secret',
  'authorization',
  'cookie',
  'token',
]

/** JSON lines on standard output; secrets that slip into fields are covered, whatever the caller meant. */
export const createPinoLogger = (level: string): Logger =>
  pino({
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    serializers: { err: describeError },
  })

type Described = Readonly<{
  type: string
  message: string
  code?: unknown
  constraint?: unknown
  stack?: string
  cause?: Described
}>

/** Without `detail`, `where` and the like: there the database quotes rows, and with them what customers wrote. */
export function describeError(error: unknown): Described {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  }
}
