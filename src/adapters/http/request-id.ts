import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const USABLE = /^[\w-]{8,64}$/

/** The caller's own `X-Request-Id` if it is usable, else a new one. It follows a delivery until its reply is sent. */
export function requestIdOf(req: IncomingMessage): string {
  const given = req.headers['x-request-id']
  return typeof given === 'string' && USABLE.test(given) ? given : randomUUID()
}
