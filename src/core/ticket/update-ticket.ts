import type { CorePorts } from '../../ports/core-ports.ts'
import type { Actor } from '../actor.ts'
import type { TicketId } from '../ids.ts'
import { changeStatus, type TicketStatus } from './ticket.ts'

export const updateTicket =
  ({ clock, unitOfWork, wakeups }: Pick<CorePorts, 'clock' | 'unitOfWork' | 'wakeups'>) =>
  async (actor: Actor, input: { ticketId: TicketId; status: TicketStatus }): Promise<void> => {
    await unitOfWork.run(actor.orgId, async ({ tickets, outbox, audit }) => {
      const before = await tickets.get(input.ticketId)
      const after = changeStatus(before, input.status, clock.now())
      if (after === before) return
      await tickets.save(after, clock.now())
      await outbox.append([
        {
          type: 'ticket.status_changed',
          actor: { type: 'MEMBER', id: actor.memberId },
          resource: { type: 'ticket', id: after.id },
          ticketId: after.id,
          data: { from: before.status, to: after.status },
          requestId: actor.requestId,
        },
      ])
      await audit.record({
        actorType: 'MEMBER',
        actorId: actor.memberId,
        action: `ticket.set-${after.status.toLowerCase()}`,
        resourceType: 'ticket',
        resourceId: after.id,
        requestId: actor.requestId,
      })
    })
    wakeups.wake('events-written')
  }
