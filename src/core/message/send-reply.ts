import type { CorePorts } from '../../ports/core-ports.ts'
import type { IdempotencyKey } from '../../ports/idempotency-store.ts'
import type { Actor } from '../actor.ts'
import { storableText } from '../channel/content.ts'
import { textContent } from '../channel/outbound-content.ts'
import { DomainError } from '../errors.ts'
import type { ExternalMessageId, MessageId, PartId, TicketId } from '../ids.ts'
import { checkContent, checkTarget } from './check-reply.ts'
import { fingerprintOf } from './fingerprint.ts'

export type SendReplyInput = Readonly<{
  ticketId: TicketId
  content: string
  direction?: string
  /** The client's own id for the message, unique per ticket for ever. */
  clientMessageId?: string
  replyToExternalId?: string
  /** Kept 24 hours, per member and ticket. */
  idempotencyKey?: string
  via: 'INBOX' | 'API'
}>

/** How an answer was found: made now, or made by an earlier call of the same request. */
export type SentReply = Readonly<{ messageId: MessageId; replayed: 'no' | 'idempotency-key' | 'client-message-id' }>

/** Queues an agent's reply: one transaction holds the message, its place in the conversation's line and the event. */
export const sendReply =
  ({ channelRegistry, clock, ids, unitOfWork, wakeups }: CorePorts) =>
  async (actor: Actor, input: SendReplyInput): Promise<SentReply> => {
    if ((input.direction ?? 'OUTBOUND') !== 'OUTBOUND') {
      throw new DomainError(
        'direction-not-allowed',
        'What customers write comes in through the channel; only OUTBOUND can be posted here.',
      )
    }
    const content = storableText(input.content)
    const { ticketId: _, idempotencyKey: __, via: ___, ...request } = input
    const fingerprint = await fingerprintOf({ ...request, content })
    const key: IdempotencyKey | null =
      input.idempotencyKey === undefined
        ? null
        : { memberId: actor.memberId, route: `send ${input.ticketId}`, key: input.idempotencyKey }
    const result = await unitOfWork.run(actor.orgId, async ({ sends, idempotency, outbox }): Promise<SentReply> => {
      if (key) {
        const claim = await idempotency.claim(key, fingerprint)
        if (claim.state === 'known') {
          if (claim.fingerprint !== fingerprint)
            throw new DomainError('idempotency-key-reused', 'This Idempotency-Key was used for another message.')
          return { messageId: (claim.body as { messageId: MessageId }).messageId, replayed: 'idempotency-key' }
        }
      }
      const target = await sends.target(input.ticketId)
      const known =
        input.clientMessageId === undefined
          ? null
          : await sends.byClientMessageId(input.ticketId, input.clientMessageId)
      if (known) {
        if (known.fingerprint === null ? known.content !== content : known.fingerprint !== fingerprint)
          throw new DomainError('idempotency-key-reused', 'This clientMessageId was used for another message.')
        if (key) await idempotency.complete(key, 200, { messageId: known.id })
        return { messageId: known.id, replayed: 'client-message-id' }
      }
      const adapter = channelRegistry.get(target.channelType)
      if (!adapter) throw new DomainError('channel-disconnected', `No adapter for ${target.channelType} is installed.`)
      checkContent(content, adapter.capabilities)
      checkTarget(target, adapter.capabilities, clock.now())
      const id = ids.next() as MessageId
      await sends.enqueue({
        id,
        parts: [{ id: ids.next() as PartId, content: textContent(content) }],
        target,
        memberId: actor.memberId,
        via: input.via,
        clientMessageId: input.clientMessageId ?? null,
        fingerprint,
        replyToExternalId: (input.replyToExternalId as ExternalMessageId | undefined) ?? null,
        requestId: actor.requestId,
        now: clock.now(),
      })
      await outbox.append([
        {
          type: 'message.created',
          actor: { type: 'MEMBER', id: actor.memberId },
          resource: { type: 'message', id },
          ticketId: input.ticketId,
          requestId: actor.requestId,
        },
      ])
      if (key) await idempotency.complete(key, 201, { messageId: id })
      return { messageId: id, replayed: 'no' }
    })
    if (result.replayed === 'no') {
      wakeups.wake('sends')
      wakeups.wake('events-written')
    }
    return result
  }
