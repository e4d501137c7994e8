import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { kindNamed } from '../../core/upload/file-kinds.ts'
import { RequestError } from './request-error.ts'

/** For all of it: a client that drips does not keep its place for long. The server's own limit for a request is beyond it. */
const MAX_MS = 120_000
/** For the next piece: one that has gone silent keeps its place for less. */
const MAX_SILENT_MS = 10_000

/** Null where the bytes are to tell. */
export function declaredType({ 'content-type': type = '', 'content-encoding': encoding }: IncomingHttpHeaders) {
  if (encoding !== undefined && encoding !== 'identity')
    throw new RequestError('unsupported-media-type', 'Send the file without Content-Encoding.')
  if (/^\s*(application\/octet-stream\s*(;|$)|$)/i.test(type)) return null
  if (kindNamed(type) === null)
    throw new RequestError(
      'unsupported-media-type',
      'Send the bytes of the file with its own Content-Type, image/jpeg for example, or with application/octet-stream.',
    )
  return type
}

export const declaredSize = ({ 'content-length': length }: IncomingHttpHeaders): number | null =>
  length === undefined ? null : Number(length)

/** The body as it comes in, no faster than it is taken. */
export async function* uploadBody(
  req: IncomingMessage,
  { maxMs = MAX_MS, maxSilentMs = MAX_SILENT_MS } = {},
): AsyncGenerator<Uint8Array> {
  const until = performance.now() + maxMs
  // The answer goes out on the same connection, also when this ends early.
  const pieces: AsyncIterator<Buffer> = req.iterator({ destroyOnReturn: false })
  for (;;) {
    const leftMs = Math.min(until - performance.now(), maxSilentMs)
    const piece = await inTime(pieces.next(), leftMs).catch(() => incomplete('The upload was broken off.'))
    if (piece === 'late') return incomplete('The upload took too long.')
    if (piece.done) break
    yield piece.value
  }
  if (!req.complete) incomplete('The upload was broken off.')
}

function incomplete(detail: string): never {
  throw new RequestError('upload-incomplete', detail)
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T | 'late'> {
  const { promise, resolve } = Promise.withResolvers<'late'>()
  const timer = setTimeout(resolve, Math.max(0, ms), 'late')
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
