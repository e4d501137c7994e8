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
}

type Message = {
  kind: MessageKind
  content: string | null
  attachments: readonly StoredAttachment[]
  is_read: boolean | null
  sent_at: Date
  deleted_at: Date | null
}

/** What the customer has seen of a message holds for all of it. */
export const seenStatus = ({ is_read }: Pick<Message, 'is_read'>, status: MessageStatus): MessageStatus =>
  status === 'SENT' && is_read === true ? 'READ' : status

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
    status: seenStatus(message, part.status),
    failure: part.failure,
    externalId: part.externalId,
    sentAt: isOurs ? dateOf(part.sentAt) : message.sent_at,
    deletedAt: isOurs ? dateOf(part.deletedAt) : message.deleted_at,
  }
}

const dateOf = (at: string | null): Date | null => (at === null ? null : new Date(at))
