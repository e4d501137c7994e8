import type { UploadId } from '../../../core/ids.ts'
import { forMembers, nothing } from '../operation.ts'

export const deleteAttachment = forMembers(({ core }) => async ({ actor, params }) => {
  await core.deleteUpload(actor, params['attachmentId'] as UploadId)
  return nothing()
})
