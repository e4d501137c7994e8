import type { UploadId } from '../../../core/ids.ts'
import { AGENTS } from '../member-roles.ts'
import { forMembers, nothing } from '../operation.ts'

export const deleteAttachment = forMembers(AGENTS, ({ core }) => async ({ actor, params }) => {
  await core.deleteUpload(actor, params['attachmentId'] as UploadId)
  return nothing()
})
