import type { ExportedIdentity } from '../../ports/export-store.ts'
import type { CustomerView, MessageView, PartView, TicketView } from '../../ports/views.ts'
import type { OrgId } from '../ids.ts'

/** Counts up when a reader of the file has to be changed. */
export const EXPORT_VERSION = 1

type Subject = Readonly<{
  orgId: OrgId
  customer: CustomerView
  identities: readonly ExportedIdentity[]
  at: Date
}>

/** The document's beginning, up to the first ticket. */
export function documentHead({ orgId, customer, identities, at }: Subject): string {
  const { id, displayName, referrals, createdAt, lastSeenAt } = customer
  const head = {
    version: EXPORT_VERSION,
    exportedAt: at,
    orgId,
    customer: { id, displayName, identities, referrals, createdAt, lastSeenAt },
  }
  return `${open(head)},"tickets":[`
}

export const DOCUMENT_TAIL = ']}\n'

/** A ticket up to its first message. What the post says is not told: it may be somebody else's. */
export function ticketHead(ticket: TicketView): string {
  const { id, number, platform, channelId, kind, status, context, createdAt, updatedAt } = ticket
  const post = context && {
    mediaId: context.mediaId,
    permalink: context.permalink,
    adId: context.adId,
    adTitle: context.adTitle,
  }
  return `${open({ id, number, platform, channelId, kind, status, post, createdAt, updatedAt })},"messages":[`
}

export const TICKET_TAIL = ']}'

/**
 * A message as an agent sees it, without what is for the product alone. `own` are the platform's ids of the customer's messages: under
 * a post the message that is answered may be somebody else's, whose id is theirs.
 */
export function messageText(message: MessageView, own: ReadonlySet<string>): string {
  const { id, externalId, replyToExternalId, direction, kind, audience, hidden, content, attachments, author, via } =
    message
  const { status, sentAt, editedAt, deletedAt, context } = message
  const about = context && {
    type: context.type,
    permalink: context.permalink,
    mediaId: context.mediaId,
    mediaUrl: context.mediaUrl,
    adId: context.adId,
    adTitle: context.adTitle,
  }
  return JSON.stringify({
    ...{ id, externalId, direction, kind, audience, hidden, content, attachments },
    parts: direction === 'OUTBOUND' ? message.parts.map(partOf) : [],
    context: about,
    replyToExternalId: replyToExternalId !== null && own.has(replyToExternalId) ? replyToExternalId : null,
    reactions: message.reactions
      .filter((reaction) => reaction.status === 'SENT')
      .map(({ emoji, name, author: by, at }) => ({ emoji, name, author: by, at })),
    ...{ author, via, status, sentAt, editedAt, deletedAt },
  })
}

function partOf({
  kind,
  content,
  attachment,
  quickReplies,
  template,
  sticker,
  status,
  externalId,
  sentAt,
  deletedAt,
}: PartView) {
  return { kind, content, attachment, quickReplies, template, sticker, status, externalId, sentAt, deletedAt }
}

/** An object that goes on. */
const open = (value: object): string => JSON.stringify(value).slice(0, -1)
