import type { CorePorts } from '../../ports/core-ports.ts'
import type { Doubt } from '../../ports/doubt-store.ts'
import { type Actor, by } from '../actor.ts'
import { DomainError, NotFound } from '../errors.ts'
import type { MessageId, PartId, TicketId } from '../ids.ts'
import { checkTarget } from './check-reply.ts'
import { TELL_MS } from './send-outcome.ts'
import { FILES_KEPT_MS } from './send-reply.ts'

/**
 * Sends a reply again of which nobody knows whether it arrived: somebody's explicit choice, knowing that the customer may get it
 * twice. A message of its own, so that each shows what became of it; only the parts in doubt. Once for each message.
 */
export const sendAgain =
  ({ channelRegistry, clock, ids, unitOfWork, wakeups }: CorePorts) =>
  async (
    actor: Actor,
    { ticketId, messageId, via }: Readonly<{ ticketId: TicketId; messageId: MessageId; via: 'INBOX' | 'API' }>,
  ): Promise<MessageId> => {
    const id = ids.next() as MessageId
    await unitOfWork.run(actor.orgId, async ({ sends, doubts, uploads, outbox, audit }) => {
      // A private reply goes to the comment that it went to; whether it is there already, the platform will say.
      const found = await sends.targetOf(ticketId, messageId)
      if (found === null) throw new NotFound('message')
      const { target, message } = found
      const parts = await doubts.ofMessage(messageId)
      const now = clock.now()
      refuseUnlessOpen(parts, message.status, now)
      const again = await doubts.sentAgainAs(messageId)
      if (again) {
        throw new DomainError('already-sent-again', 'This message was sent again already; look at that one.', {
          extra: { messageId: again },
        })
      }
      const adapter = channelRegistry.get(target.channelType)
      if (!adapter) throw new DomainError('channel-disconnected', `No adapter for ${target.channelType} is installed.`)
      checkTarget(target, adapter.capabilities, now, { audience: message.audience })
      await uploads.keepOf(messageId, now, new Date(now.getTime() + FILES_KEPT_MS))
      await sends.enqueue({
        id,
        parts: parts.flatMap(({ content }) => (content === null ? [] : [{ id: ids.next() as PartId, content }])),
        target,
        memberId: actor.memberId,
        via,
        clientMessageId: null,
        fingerprint: `again ${messageId}`,
        replyToExternalId: parts[0]?.replyToExternalId ?? null,
        resendOf: messageId,
        audience: message.audience,
        requestId: actor.requestId,
        now,
      })
      await outbox.append([
        {
          type: 'message.created',
          actor: { type: 'MEMBER', id: actor.memberId },
          resource: { type: 'message', id },
          ticketId: target.ticketId,
          data: { resendOf: messageId },
          requestId: actor.requestId,
        },
      ])
      await audit.record({
        ...by(actor),
        action: 'message.sent_again',
        resourceType: 'message',
        resourceId: messageId,
      })
    })
    wakeups.wake('sends')
    wakeups.wake('events-written')
    return id
  }

function refuseUnlessOpen(parts: readonly Doubt[], status: string, now: Date): void {
  if (parts.length === 0 || parts.some(({ content }) => content === null)) {
    throw new DomainError('not-unknown', `Only an UNKNOWN message can be sent again; this one is ${status}.`)
  }
  const since = Math.max(...parts.map((part) => part.since.getTime()))
  if (now.getTime() - since < TELL_MS) {
    throw new DomainError('still-checking', 'It is still being found out whether this message arrived.', {
      extra: { until: new Date(since + TELL_MS).toISOString() },
    })
  }
}
