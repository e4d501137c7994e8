import type {
  MediaType,
  PartContent,
  PartKind,
  QuickReply,
  Sticker,
  Template,
} from '../../../core/channel/outbound-content.ts'
import type { UploadId } from '../../../core/ids.ts'

/** The columns of a part of ours, with its attachment's. */
export type PartContentRow = {
  part_kind: PartKind
  content: string | null
  extras: Extras | null
  attachment_type: MediaType | null
  attachment_url: string | null
  attachment_upload_id: UploadId | null
}

type Extras = { quickReplies?: readonly QuickReply[]; template?: Template; sticker?: Sticker }

/** Words and media are columns of their own, found and removed as such; the rest is kept as it was given. */
export const extrasOf = (content: PartContent): Extras | null => {
  switch (content.kind) {
    case 'TEXT':
      return content.quickReplies.length === 0 ? null : { quickReplies: content.quickReplies }
    case 'TEMPLATE':
      return { template: content.template }
    case 'STICKER':
      return { sticker: content.sticker }
    case 'ATTACHMENT':
      return null
  }
}

/** Null for a part whose content was taken back. */
export function contentOf(row: PartContentRow): PartContent | null {
  const { template, sticker, quickReplies = [] } = row.extras ?? {}
  switch (row.part_kind) {
    case 'TEXT':
      return row.content === null ? null : { kind: 'TEXT', text: row.content, quickReplies }
    case 'TEMPLATE':
      return template ? { kind: 'TEMPLATE', template } : null
    case 'STICKER':
      return sticker ? { kind: 'STICKER', sticker } : null
    case 'ATTACHMENT':
      if (row.attachment_type === null) return null
      return row.attachment_url === null
        ? { kind: 'ATTACHMENT', type: row.attachment_type, uploadId: row.attachment_upload_id }
        : { kind: 'ATTACHMENT', type: row.attachment_type, url: row.attachment_url }
  }
}
