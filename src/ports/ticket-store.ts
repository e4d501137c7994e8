import type { TicketId } from '../core/ids.ts'
import type { Ticket } from '../core/ticket/ticket.ts'

export interface TicketStore {
  /** Locks the ticket's conversation, then reads; throws `NotFound`. */
  get(id: TicketId): Promise<Ticket>
  /**
   * Writes status, resolution and assignee, and what follows from them (unread count). Throws DomainError `invalid-transition` where a
   * newer ticket of the conversation is open: two may not be.
   */
  save(ticket: Ticket, now: Date): Promise<void>
}
