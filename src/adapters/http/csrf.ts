import type { IncomingHttpHeaders } from 'node:http'
import { RequestError } from './request-error.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses writes that a browser sends from another site, in the order of rules that Go's `CrossOriginProtection` has. Tools
 * without a browser send neither header and pass. A request with a bearer token is exempt: no other site can make a browser
 * send one.
 */
export function checkCsrf(method: string, headers: IncomingHttpHeaders, publicUrl: string): void {
  if (!SAFE.has(method)) checkSameSite(headers, publicUrl, 'A write')
}

/** The same for whatever it is: an event stream takes a place of its session, also where its reader sees nothing of it. */
export function checkSameSite(headers: IncomingHttpHeaders, publicUrl: string, what: string): void {
  if (hasBearer(headers)) return
  const { origin } = headers
  if (origin !== undefined && origin === new URL(publicUrl).origin) return
  const site = headers['sec-fetch-site']
  const allowed = site === undefined ? origin === undefined : site === 'same-origin' || site === 'none'
  if (!allowed) {
    throw new RequestError(
      'csrf-rejected',
      `${what} that relies on the session cookie must come from this server's own origin.`,
    )
  }
}

export function hasBearer(headers: IncomingHttpHeaders): boolean {
  const { authorization } = headers
  return authorization !== undefined && authorization.slice(0, 7).toLowerCase() === 'bearer '
}

/** Scripts can leave out neither, nor make them up; programs send none. What comes with a token knows how to go on with one. */
export function isOfBrowser(headers: IncomingHttpHeaders): boolean {
  return !hasBearer(headers) && (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined)
}
