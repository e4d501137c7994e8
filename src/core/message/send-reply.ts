import type { CorePorts } from '../../ports/core-ports.ts'
import type { GuardedClient } from '../../ports/guarded-client.ts'
import type { IdempotencyKey } from '../../ports/idempotency-store.ts'
import type { ReplyTarget, SendStore } from '../../ports/send-store.ts'
import type { UploadStore, UploadView } from '../../ports/upload-store.ts'
import type { Actor } from '../actor.ts'
import { capabilitiesFor, type SurfaceCapabilities, whyTextOnly } from '../channel/capabilities.ts'
import { storableText } from '../channel/content.ts'
import type { Audience } from '../channel/delivery.ts'
import { DomainError } from '../errors.ts'
import type { DomainEvent } from '../event/domain-event.ts'
import type { ExternalMessageId, MessageId, PartId, TicketId, UploadId } from '../ids.ts'
import { lookAtFile } from '../upload/look-at-file.ts'
import type { ReplyAttachment } from './check-media.ts'
import { checkTarget } from './check-reply.ts'
import { composeReply, type ReplyContent } from './compose-reply.ts'
import { ContentCheck } from './content-check.ts'
import { fingerprintOf } from './fingerprint.ts'
import { composePublicReply } from './public-reply.ts'
import { placeOf } from './reply-place.ts'

export type SendReplyInput = Readonly<{
  ticketId: TicketId
  direction?: string
  /** The client's own id for the message, unique per ticket for ever. */
  clientMessageId?: string
  /** A message of the same conversation that it answers, where the channel can show that. */
  replyToMessageId?: string
  /** Who reads it; PUBLIC: under the comment, for everybody. */
  audience?: Audience
  /** Kept 24 hours, per member and ticket. */
  idempotencyKey?: string
  via: 'INBOX' | 'API'
}> &
  ReplyContent

/** How an answer was found: made now, or made by an earlier call of the same request. */
export type SentReply = Readonly<{ messageId: MessageId; replayed: 'no' | 'idempotency-key' | 'client-message-id' }>

/** Queues an agent's reply: one transaction holds the message, its parts' places in the conversation's line and the event. */
export const sendReply =
  ({ channelRegistry, clock, guardedClient, ids, settings, unitOfWork, wakeups }: CorePorts) =>
  async (actor: Actor, input: SendReplyInput): Promise<SentReply> => {
    if ((input.direction ?? 'OUTBOUND') !== 'OUTBOUND') {
      throw new DomainError(
        'direction-not-allowed',
        'What customers write comes in through the channel; only OUTBOUND can be posted here.',
      )
    }
    const { ticketId: _ticket, idempotencyKey: _key, via: _via, direction: _direction, ...given } = input
    const request = storable(given)
    const fingerprint = await fingerprintOf(request)
    const key: IdempotencyKey | null =
      input.idempotencyKey === undefined
        ? null
        : { memberId: actor.memberId, route: `send ${input.ticketId}`, key: input.idempotencyKey }
    // Outside the transaction: it may take seconds.
    const files = await lookAtFiles(guardedClient, request.attachments ?? [])
    const result = await unitOfWork.run(
      actor.orgId,
      async ({ sends, idempotency, outbox, uploads }): Promise<SentReply> => {
        if (key) {
          const claim = await idempotency.claim(key, fingerprint)
          if (claim.state === 'known') {
            if (claim.fingerprint !== fingerprint)
              throw new DomainError('idempotency-key-reused', 'This Idempotency-Key was used for another message.')
            return { messageId: (claim.body as { messageId: MessageId }).messageId, replayed: 'idempotency-key' }
          }
        }
        const audience = request.audience ?? 'PRIVATE'
        const found = await sends.target(input.ticketId, audience)
        const shownOn = [input.ticketId, ...(found.direct?.openTicketId ? [found.direct.openTicketId] : [])]
        const known =
          input.clientMessageId === undefined ? null : await sends.byClientMessageId(shownOn, input.clientMessageId)
        if (known) {
          if (
            known.fingerprint === null ? known.content !== (request.content ?? null) : known.fingerprint !== fingerprint
          )
            throw new DomainError('idempotency-key-reused', 'This clientMessageId was used for another message.')
          if (key) await idempotency.complete(key, 200, { messageId: known.id })
          return { messageId: known.id, replayed: 'client-message-id' }
        }
        const adapter = channelRegistry.get(found.channelType)
        if (!adapter) throw new DomainError('channel-disconnected', `No adapter for ${found.channelType} is installed.`)
        const named = request.replyToMessageId as MessageId | undefined
        const now = clock.now()
        const target = await placeOf(sends, found, adapter.capabilities, { audience, messageId: named }, now)
        const capabilities = capabilitiesFor(adapter.capabilities, target.surface, target.settings)
        const rules = {
          allowLoopback: !settings.production,
          uploads: await keepUploads(uploads, actor, request.attachments ?? [], now),
          files,
        }
        const contents =
          audience === 'PUBLIC'
            ? composePublicReply(request, capabilities, target.comment, rules)
            : composeReply(request, capabilities, rules, whyTextOnly(adapter.capabilities, target.surface))
        const replyToExternalId = await replyTarget(sends, target, request.replyToMessageId, capabilities)
        checkTarget(target, adapter.capabilities, now, { audience })
        const id = ids.next() as MessageId
        await sends.enqueue({
          id,
          parts: contents.map((content) => ({ id: ids.next() as PartId, content })),
          target,
          memberId: actor.memberId,
          via: input.via,
          clientMessageId: input.clientMessageId ?? null,
          fingerprint,
          replyToExternalId,
          audience,
          requestId: actor.requestId,
          now,
        })
        await outbox.append([
          {
            type: 'message.created',
            actor: { type: 'MEMBER', id: actor.memberId },
            resource: { type: 'message', id },
            ticketId: target.ticketId,
            requestId: actor.requestId,
          },
          ...linked(target, actor),
        ])
        if (key) await idempotency.complete(key, 201, { messageId: id })
        return { messageId: id, replayed: 'no' }
      },
    )
    if (result.replayed === 'no') {
      wakeups.wake('sends')
      wakeups.wake('events-written')
    }
    return result
  }

/** A message may wait for days, for its channel or its turn: so long its files are kept. */
export const FILES_KEPT_MS = 7 * 24 * 3_600_000

async function keepUploads(
  uploads: UploadStore,
  { channelIds }: Pick<Actor, 'channelIds'>,
  attachments: readonly ReplyAttachment[],
  now: Date,
) {
  const kept = new Map<UploadId, UploadView>()
  // Uploads are of no channel, and so not there for whoever has some of them only.
  if (channelIds !== null) return kept
  for (const attachment of attachments) {
    if (!('attachmentId' in attachment)) continue
    const upload = await uploads.keep(attachment.attachmentId, now, new Date(now.getTime() + FILES_KEPT_MS))
    if (upload) kept.set(attachment.attachmentId, upload)
  }
  return kept
}

/** As many as a message can have anywhere. */
const MOST_LOOKED_AT = 10

/** What the servers tell of the files, all asked at once. Plain http is this machine's, where that is allowed at all. */
async function lookAtFiles(client: GuardedClient, attachments: readonly ReplyAttachment[]) {
  const urls = attachments.flatMap((one) => ('url' in one && /^https:/i.test(one.url) ? [one.url] : []))
  const distinct = [...new Set(urls)].slice(0, MOST_LOOKED_AT)
  return new Map(await Promise.all(distinct.map(async (url) => [url, await lookAtFile(client, url)] as const)))
}

/** The ticket that it was sent from says where it is shown. */
const linked = ({ linkedTicketId: id, ticketId }: ReplyTarget, { memberId, requestId }: Actor): DomainEvent[] =>
  id === null
    ? []
    : [
        {
          type: 'ticket.updated',
          actor: { type: 'MEMBER', id: memberId },
          resource: { type: 'ticket', id },
          ticketId: id,
          data: { linkedTicketId: ticketId },
          requestId,
        },
      ]

/** The platform's id of the message that is answered. */
async function replyTarget(
  sends: SendStore,
  target: ReplyTarget,
  messageId: string | undefined,
  { replyTo }: SurfaceCapabilities,
): Promise<ExternalMessageId | null> {
  // A private reply names the comment it answers; that is also what makes a second one visible.
  if (target.surface === 'COMMENT') return target.comment?.externalId ?? null
  if (messageId === undefined) return null
  const check = new ContentCheck()
  const externalId = replyTo === null ? null : await sends.externalIdOf(target, messageId as MessageId)
  if (replyTo === null) check.missing('/replyToMessageId', 'answer to one message in particular')
  else if (externalId === null)
    check.breach({
      code: 'capability-missing',
      pointer: '/replyToMessageId',
      detail: 'It is no message of this conversation that the platform has.',
    })
  check.end()
  return externalId
}

/** The same with every text made storable. */
function storable<T>(value: T): T {
  if (typeof value === 'string') return storableText(value) as T
  if (Array.isArray(value)) return value.map(storable) as T
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, storable(member)])) as T
}
