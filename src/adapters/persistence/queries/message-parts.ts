import type { Attachment, MessageKind } from '../../../core/channel/content.ts'
import type { PartKind, QuickReply, Sticker, Template } from '../../../core/channel/outbound-content.ts'
import type { PartId } from '../../../core/ids.ts'
import type { MessageFailure, MessageStatus, PartView } from '../../../ports/views.ts'

export type StoredAttachment = Attachment & { partId: PartId | null }

/** `kind` is null for what came in: one part, with the message's content. */
export type StoredPart = {
  id: PartId
  position: number
  kind: PartKind | null
  content: string | null
  extras: { quickReplies?: QuickReply[]; template?: Template; sticker?: Sticker } | null
  status: MessageStatus
  failure: MessageFailure | null
  externalId: string | null
  sentAt: string | null
  deletedAt: string | null
  isRead: boolean | null
}

type Message = {
  kind: MessageKind
  content: string | null
  attachments: readonly StoredAttachment[]
  sent_at: Date
  deleted_at: Date | null
}

/** All of a message was seen with its last part. */
export const seenStatus = (isRead: boolean | null, status: MessageStatus): MessageStatus =>
  status === 'SENT' && isRead === true ? 'READ' : status

export const attachmentView = ({ partId: _, ...attachment }: StoredAttachment): Attachment => attachment

export function partView(message: Message, part: StoredPart): PartView {
  const { kind, extras } = part
  const isOurs = kind !== null
  const attachment = message.attachments.find(({ partId }) => !isOurs || partId === part.id)
  const content = isOurs ? part.content : message.content
  return {
    id: part.id,
    position: part.position,
    kind: kind ?? (content !== null || message.kind === 'TEXT' ? 'TEXT' : attachment ? 'ATTACHMENT' : 'OTHER'),
    content,
    attachment: attachment ? attachmentView(attachment) : null,
    quickReplies: extras?.quickReplies ?? [],
    template: extras?.template ?? null,
    sticker: extras?.sticker ?? null,
    status: seenStatus(part.isRead, part.status),
    failure: part.failure,
    externalId: part.externalId,
    sentAt: isOurs ? dateOf(part.sentAt) : message.sent_at,
    deletedAt: isOurs ? dateOf(part.deletedAt) : message.deleted_at,
  }
}

const dateOf = (at: string | null): Date | null => (at === null ? null : new Date(at))
