import type { CorePorts } from '../../ports/core-ports.ts'
import { type Actor, by } from '../actor.ts'
import { DomainError, NotFound } from '../errors.ts'
import type { MessageId, TicketId } from '../ids.ts'
import { checkTarget } from './check-reply.ts'
import { FILES_KEPT_MS } from './send-reply.ts'

/** Sends the FAILED parts of a reply again, at the end of its conversation's line. One in doubt is never sent again this way. */
export const retryMessage =
  ({ channelRegistry, clock, unitOfWork, wakeups }: CorePorts) =>
  async (actor: Actor, input: { ticketId: TicketId; messageId: MessageId }): Promise<void> => {
    await unitOfWork.run(actor.orgId, async ({ sends, uploads, outbox, audit }) => {
      // It answers what it answered when it was written, whatever came since.
      const found = await sends.targetOf(input.ticketId, input.messageId)
      if (found === null) throw new NotFound('message')
      const { target, message } = found
      if (message.direction !== 'OUTBOUND' || message.status !== 'FAILED') {
        throw new DomainError('not-failed', `Only a FAILED message can be tried again; this one is ${message.status}.`)
      }
      const adapter = channelRegistry.get(target.channelType)
      if (!adapter) throw new DomainError('channel-disconnected', `No adapter for ${target.channelType} is installed.`)
      const now = clock.now()
      checkTarget(target, adapter.capabilities, now, { audience: message.audience })
      // It may wait as long as a new one. A file that is gone already makes it fail for that.
      await uploads.keepOf(input.messageId, now, new Date(now.getTime() + FILES_KEPT_MS))
      const { from, to } = await sends.requeue(input.messageId, target, now)
      await outbox.append([
        {
          type: 'message.status_changed',
          actor: { type: 'MEMBER', id: actor.memberId },
          resource: { type: 'message', id: input.messageId },
          ticketId: target.ticketId,
          data: { from, to },
          requestId: actor.requestId,
        },
      ])
      await audit.record({
        ...by(actor),
        action: 'message.retried',
        resourceType: 'message',
        resourceId: input.messageId,
      })
    })
    wakeups.wake('sends')
    wakeups.wake('events-written')
  }
