import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { kindNamed } from '../../core/upload/file-kinds.ts'
import { RequestError } from './request-error.ts'

/** For all of it: a client that drips does not keep its place for long. */
const MAX_MS = 120_000

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
export async function* uploadBody(req: IncomingMessage, maxMs = MAX_MS): AsyncGenerator<Uint8Array> {
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    req.destroy()
  }, maxMs)
  try {
    // The answer goes out on the same connection, also when this ends early.
    for await (const piece of req.iterator({ destroyOnReturn: false })) yield piece as Buffer
    if (!req.complete) throw new Error('aborted')
  } catch {
    throw new RequestError('upload-incomplete', isLate ? 'The upload took too long.' : 'The upload was broken off.')
  } finally {
    clearTimeout(timer)
  }
}
