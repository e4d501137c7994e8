import type { ServerResponse } from 'node:http'
import { NotFound } from '../../../core/errors.ts'
import type { MediaTarget } from '../../../ports/media-links.ts'
import type { UploadQueries, UploadView } from '../../../ports/upload-store.ts'
import { type ByteRange, byteRange } from '../byte-range.ts'
import { attachmentDisposition } from '../content-disposition.ts'
import { forEverybody } from '../operation.ts'
import { RequestError } from '../request-error.ts'

/** Outside any session: the token says which organization's file it is, and nothing is asked of the database without a good one. */
export const getMedia = forEverybody(({ clock, mediaLinks, uploads }) => async ({ req, res, params }) => {
  const target = mediaLinks.read(String(params['token']), clock.now())
  const upload = target && (await uploads.upload(target.orgId, target.uploadId))
  if (!target || !upload) throw new NotFound('file')

  const { bytes, contentType, fileName } = upload
  const asked = byteRange(req.headers.range, bytes)
  const headers = {
    'Content-Type': contentType,
    'Content-Disposition': attachmentDisposition(fileName),
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cache-Control': 'private, max-age=300',
    'Accept-Ranges': 'bytes',
  }
  if (asked === 'unsatisfiable') {
    res.setHeader('Content-Range', `bytes */${bytes}`)
    throw new RequestError('range-not-satisfiable', `The file has ${bytes} bytes.`)
  }
  const range = asked ?? { start: 0, end: bytes - 1 }
  res.writeHead(asked ? 206 : 200, {
    ...headers,
    'Content-Length': range.end - range.start + 1,
    ...(asked && { 'Content-Range': `bytes ${range.start}-${range.end}/${bytes}` }),
  })
  if (req.method === 'HEAD') res.end()
  else await write(res, uploads, target, upload, range)
  return 'handled' as const
})

/** Piece by piece, no faster than the client takes them. A file that is deleted meanwhile breaks off, and says so by that. */
async function write(
  res: ServerResponse,
  uploads: UploadQueries,
  { orgId, uploadId }: MediaTarget,
  { chunkBytes }: UploadView,
  { start, end }: ByteRange,
): Promise<void> {
  for (let at = start; at <= end; ) {
    const position = Math.floor(at / chunkBytes)
    const chunk = await uploads.chunk(orgId, uploadId, position)
    if (chunk === null || res.destroyed) return void res.destroy()
    const first = position * chunkBytes
    const part = chunk.subarray(at - first, end + 1 - first)
    at += part.length
    if (part.length === 0) return void res.destroy()
    if (!res.write(part)) await drained(res)
  }
  res.end()
}

/** Or closed: then there is nobody to write for. */
const drained = (res: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      res.off('drain', done).off('close', done)
      resolve()
    }
    res.on('drain', done).on('close', done)
  })
