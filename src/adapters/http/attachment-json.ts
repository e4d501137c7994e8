import type { OrgId } from '../../core/ids.ts'
import type { Clock } from '../../ports/clock.ts'
import type { MediaLinks } from '../../ports/media-links.ts'
import type { UploadView } from '../../ports/upload-store.ts'

/** Long enough to look at it, or for a platform to fetch it. */
const LINK_MS = 3_600_000

type Deps = Readonly<{ clock: Clock; mediaLinks: MediaLinks }>

/** An upload as the contract has it, with a fresh link. */
export function attachmentJson(orgId: OrgId, upload: UploadView, { clock, mediaLinks }: Deps) {
  const { id, type, contentType, bytes, fileName, expiresAt } = upload
  const until = new Date(Math.min(clock.now().getTime() + LINK_MS, expiresAt.getTime()))
  return {
    id,
    type,
    contentType,
    bytes,
    filename: fileName,
    expiresAt,
    url: mediaLinks.linkTo({ orgId, uploadId: id }, until),
  }
}
