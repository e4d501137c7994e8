import { NotFound } from '../../../core/errors.ts'
import type { UploadId } from '../../../core/ids.ts'
import { attachmentJson } from '../attachment-json.ts'
import { forMembers, json } from '../operation.ts'

export const getAttachment = forMembers((deps) => async ({ actor, params }) => {
  const upload = await deps.uploads.upload(actor.orgId, params['attachmentId'] as UploadId)
  if (upload === null) throw new NotFound('attachment')
  return json(200, attachmentJson(actor.orgId, upload, deps))
})
