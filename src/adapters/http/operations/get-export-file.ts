import { EXPORT_CHUNK_BYTES } from '../../../core/customer/export-customer.ts'
import { NotFound } from '../../../core/errors.ts'
import type { ExportId } from '../../../core/ids.ts'
import { attachmentDisposition } from '../content-disposition.ts'
import { forMembers } from '../operation.ts'
import { streamChunks } from '../stream-chunks.ts'

export const getExportFile = forMembers(({ core, queries }) => async ({ actor, params, req, res }) => {
  const isHead = req.method === 'HEAD'
  const exportId = params['exportId'] as ExportId
  const { id, bytes, customerId } = await core.fetchExport(actor, exportId, isHead ? 'look' : null)
  const begin = () =>
    res.writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': bytes,
      'Content-Disposition': attachmentDisposition(`customer-${customerId}.json`),
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    })
  if (isHead) begin().end()
  else
    await streamChunks(res, {
      chunkOf: (position) => queries.exportChunk(actor.orgId, id, position),
      chunkBytes: EXPORT_CHUNK_BYTES,
      range: { start: 0, end: bytes - 1 },
      begin,
      // A newer one took its place, or its customer was erased, since it was found.
      gone: () => new NotFound('export'),
    })
  return 'handled' as const
})
