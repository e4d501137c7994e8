import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isLocalCaller } from './local-caller.ts'

export const FIGURES_ARE_PRIVATE = 'The figures are for this machine itself and for the token in METRICS_TOKEN.'

/** The operator's figures are for this machine itself, and for whoever has the token. */
export function maySeeDetails(req: IncomingMessage, token: string | null): boolean {
  if (isLocalCaller(req)) return true
  const given = /^bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1]
  return token !== null && given !== undefined && timingSafeEqual(digest(given), digest(token))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
