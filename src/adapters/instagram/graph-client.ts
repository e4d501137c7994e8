import { readJson } from '../channel-kit/json.ts'

export type InstagramConfig = Readonly<{
  /** Instagram Login, normally `https://graph.instagram.com`. */
  graphUrl: string
  /** Facebook Login, normally `https://graph.facebook.com`. */
  facebookGraphUrl: string
  /** For example `v26.0`. */
  graphVersion: string
  /** For a whole call; shorter than half the lease of a send. */
  sendTimeoutMs?: number
}>

export type GraphRequest = Readonly<{
  method: 'GET' | 'POST' | 'DELETE'
  flavour: 'instagram' | 'facebook'
  /** Without version and leading slash, ids already encoded. */
  path: string
  token: string
  json?: unknown
  requestId?: string | null
}>

export type GraphAnswer =
  /** `body` is undefined where it could not be read as JSON. */
  | Readonly<{ kind: 'answered'; status: number; headers: Headers; body: unknown }>
  /** The call ended before a byte of it was written: nothing can have happened. */
  | Readonly<{ kind: 'not-written'; detail: string; cancelled?: true }>
  /** No answer, and the platform may or may not have acted. */
  | Readonly<{ kind: 'no-answer'; detail: string; cancelled?: true }>

export type GraphClient = (request: GraphRequest, signal: AbortSignal) => Promise<GraphAnswer>

const DEFAULT_TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 1024 * 1024
const SAFE_REQUEST_ID = /^[\w.:-]{1,128}$/

/** One call, one answer, nothing tried again. No failure says more than a word of ours, so that no token gets out by it. */
export function createGraphClient(config: InstagramConfig, fetch: typeof globalThis.fetch): GraphClient {
  return (request, signal) => {
    const init = {
      method: request.method,
      headers: headersOf(request),
      ...(request.json === undefined ? {} : { body: JSON.stringify(request.json) }),
    }
    return askPlatform(fetch, urlOf(config, request), init, signal, config.sendTimeoutMs)
  }
}

/** One call to any of the platform's hosts. */
export async function askPlatform(
  fetch: typeof globalThis.fetch,
  url: string,
  init: Readonly<{ method: string; headers?: Record<string, string>; body?: string | URLSearchParams }>,
  signal: AbortSignal,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<GraphAnswer> {
  if (signal.aborted) return { kind: 'not-written', detail: 'the call was cancelled before it began', cancelled: true }
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, {
      ...init,
      // Following one would hand the token to wherever it points, and could repeat a send.
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    })
    const body = await readBody(response)
    // A refusal's status says enough without its end.
    if (body === undefined && response.ok && timeout.aborted) return { kind: 'no-answer', detail: 'no answer in time' }
    return { kind: 'answered', status: response.status, headers: response.headers, body }
  } catch (error) {
    if (timeout.aborted) return { kind: 'no-answer', detail: 'no answer in time' }
    if (signal.aborted) return { kind: 'no-answer', detail: 'the call was cancelled', cancelled: true }
    const reason = reasonNothingWasWritten(error)
    return reason === null
      ? { kind: 'no-answer', detail: 'the connection broke' }
      : { kind: 'not-written', detail: `the platform could not be reached (${reason})` }
  }
}

function urlOf({ graphUrl, facebookGraphUrl, graphVersion }: InstagramConfig, { flavour, path }: GraphRequest): string {
  const base = (flavour === 'facebook' ? facebookGraphUrl : graphUrl).replace(/\/+$/, '')
  return `${base}/${graphVersion === '' ? '' : `${graphVersion}/`}${path}`
}

function headersOf({ token, json, requestId }: GraphRequest): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    accept: 'application/json',
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(requestId && SAFE_REQUEST_ID.test(requestId) ? { 'x-request-id': requestId } : {}),
  }
}

/** An answer that breaks off, is too big or is no JSON leaves the status as all that is known. */
async function readBody(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength
      if (size > MAX_ANSWER_BYTES) return undefined
      chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  const json = readJson(Buffer.concat(chunks))
  return json.ok ? json.value : undefined
}

// Of looking up and connecting, and of certificates that were refused: all of it before the request.
const BEFORE_WRITING = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
])

/** The error code that proves it, or null: a reset connection proves nothing. */
function reasonNothingWasWritten(error: unknown): string | null {
  let current = error
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth++) {
    const { code, syscall, cause } = current as { code?: unknown; syscall?: unknown; cause?: unknown }
    if (typeof code === 'string' && (BEFORE_WRITING.has(code) || syscall === 'connect')) return code
    current = cause
  }
  return null
}
