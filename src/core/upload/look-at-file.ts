import type { GuardedClient } from '../../ports/guarded-client.ts'

/** What is behind an address, as far as its server tells: null is unknown, and then the platform decides. */
export type FileFacts = Readonly<{
  /** Why the address is not called at all. */
  refused: string | null
  contentType: string | null
  bytes: number | null
}>

export const UNKNOWN_FILE: FileFacts = { refused: null, contentType: null, bytes: null }

/** Together they stay within two seconds: an agent waits for them. */
const HEAD_MS = 1_000
const GET_MS = 900
const MAX_REDIRECTS = 3
/** Enough for an answer that says how much there is; what comes beyond is not read. */
const GLANCE_BYTES = 1_024

/**
 * Asks for the head of a file, and for its first bytes where a server does not know that. No answer, or one that says no, tells
 * nothing: servers answer the platform in their own way.
 */
export async function lookAtFile(client: GuardedClient, url: string): Promise<FileFacts> {
  const head = await client.request({
    method: 'HEAD',
    url,
    maxBytes: 0,
    timeoutMs: HEAD_MS,
    maxRedirects: MAX_REDIRECTS,
  })
  if (head.status === 'refused') return { ...UNKNOWN_FILE, refused: head.reason }
  if (head.status === 'failed') return UNKNOWN_FILE
  if (head.code >= 200 && head.code < 300) return told(head.headers, null)
  const get = await client.request({
    method: 'GET',
    url,
    headers: { Range: `bytes=0-${GLANCE_BYTES - 1}` },
    maxBytes: GLANCE_BYTES,
    timeoutMs: GET_MS,
    maxRedirects: MAX_REDIRECTS,
  })
  if (get.status !== 'answered' || (get.code !== 200 && get.code !== 206)) return UNKNOWN_FILE
  return told(get.headers, get.code === 206 ? (/\/(\d+)$/.exec(get.headers['content-range'] ?? '')?.[1] ?? '') : null)
}

function told(headers: Readonly<Record<string, string>>, total: string | null): FileFacts {
  const length = total ?? headers['content-length'] ?? ''
  return {
    refused: null,
    contentType: headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() || null,
    // Packed for the way, the length says little about the file.
    bytes: /^\d{1,15}$/.test(length) && headers['content-encoding'] === undefined ? Number(length) : null,
  }
}

/** Types that say what a file is, and not only that it is one. */
const TELLING = /^(image|video|audio|text)\/|^application\/(pdf|json|zip|xml|javascript|msword)/

/** False where the word of a server plainly makes a file something else than one of these types. */
export const canBe = (contentType: string | null, taken: readonly string[]): boolean =>
  contentType === null || !TELLING.test(contentType) || taken.includes(contentType)
