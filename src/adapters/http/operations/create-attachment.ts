import type { ChannelId, TicketId } from '../../../core/ids.ts'
import { MAX_UPLOAD_BYTES } from '../../../core/upload/file-kinds.ts'
import { attachmentJson } from '../attachment-json.ts'
import { forMembers, json } from '../operation.ts'
import { discardRest } from '../raw-body.ts'
import { declaredSize, declaredType, uploadBody } from '../upload-body.ts'
import { createUploadPlaces } from '../upload-places.ts'

export const createAttachment = forMembers((deps) => {
  const places = createUploadPlaces()
  return async ({ actor, req, query }) => {
    const fileName = query['filename']
    const { channelId, ticketId } = query as Readonly<{ channelId?: ChannelId; ticketId?: TicketId }>
    try {
      const given = {
        declaredType: declaredType(req.headers),
        declaredBytes: declaredSize(req.headers),
        fileName: typeof fileName === 'string' ? fileName : null,
        // The ticket says more.
        goal: ticketId !== undefined ? { ticketId } : channelId !== undefined ? { channelId } : null,
      }
      // Until there is a place nothing is read, so that the client's own network holds the bytes.
      const upload = await places.hold(actor.orgId, () =>
        deps.core.storeUpload(actor, { ...given, body: uploadBody(req) }),
      )
      return json(201, attachmentJson(actor.orgId, upload, deps), {
        Location: `/orgs/${actor.orgId}/attachments/${upload.id}`,
      })
    } catch (error) {
      discardRest(req, MAX_UPLOAD_BYTES)
      throw error
    }
  }
})
