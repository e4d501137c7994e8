import type { CorePorts } from '../../ports/core-ports.ts'
import { type Actor, by } from '../actor.ts'
import { type AuditAction, lower } from '../audit/audit-actions.ts'
import type { DomainEvent } from '../event/domain-event.ts'
import type { MemberId, TicketId } from '../ids.ts'
import { assigned } from '../member/change-member.ts'
import { AssigneeNotMember } from '../member/member.ts'
import { assign, changeStatus, type Ticket, type TicketStatus } from './ticket.ts'

export type UpdateTicketInput = Readonly<{
  ticketId: TicketId
  status?: TicketStatus
  /** Null: nobody's. */
  assigneeId?: MemberId | null
}>

/** What is not given stays. Throws `NotFound`, DomainError `invalid-transition` or `assignee-not-member`. */
export const updateTicket =
  ({ clock, unitOfWork, wakeups }: Pick<CorePorts, 'clock' | 'unitOfWork' | 'wakeups'>) =>
  async (actor: Actor, { ticketId, status, assigneeId }: UpdateTicketInput): Promise<void> => {
    await unitOfWork.run(actor.orgId, async ({ members, tickets, outbox, audit }) => {
      // Before the ticket: whoever removes a member has them locked before their tickets.
      if (assigneeId && !(await members.holdActive(assigneeId))) throw new AssigneeNotMember()
      const before = await tickets.get(ticketId)
      const moved = status === undefined ? before : changeStatus(before, status, clock.now())
      const after = assigneeId === undefined ? moved : assign(moved, assigneeId)
      if (after === before) return
      await tickets.save(after, clock.now())
      await outbox.append(eventsOf(actor, before, after))
      for (const action of actionsOf(before, after)) {
        await audit.record({
          ...by(actor),
          action,
          resourceType: 'ticket',
          resourceId: after.id,
        })
      }
    })
    wakeups.wake('events-written')
  }

const eventsOf = (actor: Actor, before: Ticket, after: Ticket): readonly DomainEvent[] => [
  ...(before.status === after.status
    ? []
    : [
        {
          type: 'ticket.status_changed',
          actor: { type: 'MEMBER', id: actor.memberId },
          resource: { type: 'ticket', id: after.id },
          ticketId: after.id,
          data: { from: before.status, to: after.status },
          requestId: actor.requestId,
        } as const,
      ]),
  ...(before.assigneeId === after.assigneeId
    ? []
    : [assigned(actor, after.id, { from: before.assigneeId, to: after.assigneeId })]),
]

const actionsOf = (before: Ticket, after: Ticket): readonly AuditAction[] => [
  ...(before.status === after.status ? [] : [`ticket.set-${lower(after.status)}` as const]),
  ...(before.assigneeId === after.assigneeId
    ? []
    : [after.assigneeId === null ? ('ticket.unassigned' as const) : ('ticket.assigned' as const)]),
]
