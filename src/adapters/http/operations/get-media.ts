import { NotFound } from '../../../core/errors.ts'
import { byteRange } from '../byte-range.ts'
import { attachmentDisposition } from '../content-disposition.ts'
import { forEverybody } from '../operation.ts'
import { RequestError } from '../request-error.ts'
import { marked } from '../security-refusals.ts'
import { streamChunks } from '../stream-chunks.ts'

/** Outside any session: the token says which organization's file it is, and nothing is asked of the database without a good one. */
export const getMedia = forEverybody(({ clock, mediaLinks, uploads }) => async ({ req, res, params }) => {
  const target = mediaLinks.read(String(params['token']), clock.now())
  const upload = target && (await uploads.upload(target.orgId, target.uploadId))
  if (!target) throw marked(new NotFound('file'), 'media-link.refused')
  if (!upload) throw new NotFound('file')

  const { bytes, contentType, fileName } = upload
  const asked = byteRange(req.headers.range, bytes)
  const headers = {
    'Content-Type': contentType,
    'Content-Disposition': attachmentDisposition(fileName),
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cache-Control': 'private, no-store',
    'Accept-Ranges': 'bytes',
  }
  if (asked === 'unsatisfiable') {
    res.setHeader('Content-Range', `bytes */${bytes}`)
    throw new RequestError('range-not-satisfiable', `The file has ${bytes} bytes.`)
  }
  const range = asked ?? { start: 0, end: bytes - 1 }
  const begin = () =>
    res.writeHead(asked ? 206 : 200, {
      ...headers,
      'Content-Length': range.end - range.start + 1,
      ...(asked && { 'Content-Range': `bytes ${range.start}-${range.end}/${bytes}` }),
    })
  if (req.method === 'HEAD') begin().end()
  else
    await streamChunks(res, {
      chunkOf: (position) => uploads.chunk(target.orgId, target.uploadId, position),
      chunkBytes: upload.chunkBytes,
      range,
      begin,
      gone: () => new NotFound('file'),
    })
  return 'handled' as const
})
