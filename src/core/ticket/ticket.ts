import type { MessageContext, MessageKind } from '../channel/content.ts'
import type { MemberId, TicketId } from '../ids.ts'

export type TicketStatus = 'OPEN' | 'PENDING' | 'SNOOZED' | 'RESOLVED'
export type TicketKind = 'DM' | 'COMMENT' | 'MENTION'

/** What deciding about a ticket needs; lists and screens read views instead. */
export type Ticket = Readonly<{
  id: TicketId
  status: TicketStatus
  resolvedAt: Date | null
  assigneeId: MemberId | null
  version: number
}>

/** Any status may follow any other; SNOOZED lasts until the customer writes. */
export function changeStatus(ticket: Ticket, status: TicketStatus, now: Date): Ticket {
  if (ticket.status === status) return ticket
  return { ...ticket, status, resolvedAt: status === 'RESOLVED' ? now : null, version: ticket.version + 1 }
}

/** To a member, or to nobody; whoever had it does not matter. */
export function assign(ticket: Ticket, assigneeId: MemberId | null): Ticket {
  return ticket.assigneeId === assigneeId ? ticket : { ...ticket, assigneeId, version: ticket.version + 1 }
}

/**
 * Whether a customer's message belongs to a ticket that was resolved: it does when the platform's time of the message lies at
 * most the window after the resolution, or before it (a late delivery).
 */
export const reopens = (resolvedAt: Date, messageAt: Date, reopenWindowMs: number): boolean =>
  messageAt.getTime() - resolvedAt.getTime() <= reopenWindowMs

export const kindOf = (surface: 'DM' | 'COMMENT' | 'MENTION'): TicketKind => surface

/** The window's reason that has a time of its own. */
export const LIVE_COMMENT = 'live comment'

/** Why the reply window is open, in words an agent reads. */
export const windowReason = (kind: MessageKind, context: MessageContext | null): string =>
  context?.type === 'LIVE_COMMENT' ? LIVE_COMMENT : REASON[kind]

const REASON: Readonly<Record<MessageKind, string>> = {
  TEXT: 'customer message',
  MEDIA: 'customer message',
  STORY_REPLY: 'story reply',
  STORY_MENTION: 'story mention',
  QUICK_REPLY: 'quick reply',
  POSTBACK: 'button',
  COMMENT: 'comment',
  MENTION: 'mention',
  UNSUPPORTED: 'customer message',
}
