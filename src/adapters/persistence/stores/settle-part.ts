import type { ChannelId, ConversationId, ExternalMessageId, MessageId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { Head, LaneClaim, Settled, Settlement } from '../../../ports/send-store.ts'
import type { MessageStatus } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { deriveTickets } from './derive-tickets.ts'
import { adoptEarly } from './early-facts.ts'

type Part = {
  status: MessageStatus
  external_id: ExternalMessageId | null
  provisional: boolean
  channel_id: ChannelId
  conversation_id: ConversationId
}
type Subject = Pick<Head, 'messageId' | 'partId' | 'ticketId'>

/**
 * Records what a send came to. The platform's answer is the truth about our message, also after an echo was taken for it by
 * its text: where the ids differ, the echo was somebody else's and becomes a message of its own.
 */
export async function settlePart(
  tx: Tx,
  ids: IdSource,
  claim: LaneClaim,
  head: Subject,
  settlement: Settlement,
  now: Date,
): Promise<Settled | null> {
  const [part] = await tx.rows<Part>(
    `select p.status, p.external_id, p.provisional, p.channel_id, m.conversation_id from message_parts p
     join messages m on m.org_id = p.org_id and m.id = p.message_id where p.org_id = $1 and p.id = $2 for update of p`,
    [tx.orgId, head.partId],
  )
  if (!part) return null
  await finishAttempt(tx, claim, head, settlement, now)
  const open = part.status === 'SENDING' || part.status === 'UNKNOWN' || part.status === 'QUEUED'
  if (!open && !(part.status === 'SENT' && part.provisional)) return null
  // In doubt, but an echo has shown it already.
  if (settlement.status === 'UNKNOWN' && !open) return null

  const externalId = settlement.status === 'SENT' ? settlement.externalId : null
  const theirs = part.external_id !== null && part.external_id !== externalId ? part.external_id : null
  const replaced = externalId === null ? null : await removeEcho(tx, part, head, externalId)
  await tx.affected(
    `update message_parts set status = $3, external_id = $4, provisional = false, failure = $5 where org_id = $1 and id = $2`,
    [tx.orgId, head.partId, settlement.status, externalId, failure(settlement)],
  )
  await tx.affected(`update messages set status = $3, external_id = $4, failure = $5 where org_id = $1 and id = $2`, [
    tx.orgId,
    head.messageId,
    settlement.status,
    externalId,
    failure(settlement),
  ])
  const split = theirs === null ? null : await insertEcho(tx, ids, part, head, theirs)
  const { messageId } = head
  const early = externalId === null ? null : await adoptEarly(tx, part.channel_id, { messageId, externalId })
  if (replaced || split || early?.isChanged) await deriveTickets(tx, [head.ticketId], now)
  return { from: part.status, to: settlement.status, replaced, split }
}

const failure = (settlement: Settlement): string | null =>
  settlement.status === 'FAILED' ? JSON.stringify(settlement.failure) : null

const OUTCOME = { SENT: 'SENT', FAILED: 'FAILED', QUEUED: 'RETRY', UNKNOWN: 'UNKNOWN' } as const

async function finishAttempt(
  tx: Tx,
  claim: LaneClaim,
  head: Subject,
  settlement: Settlement,
  now: Date,
): Promise<void> {
  await tx.affected(
    `update send_attempts set finished_at = $4, outcome = $5, detail = $6 where org_id = $1 and part_id = $2 and fence = $3`,
    [
      tx.orgId,
      head.partId,
      claim.fence,
      now,
      OUTCOME[settlement.status],
      'detail' in settlement ? settlement.detail : null,
    ],
  )
}

/** Our own message came back as an echo that matched nothing under way and was stored as somebody else's: it goes. */
async function removeEcho(tx: Tx, part: Part, head: Subject, externalId: ExternalMessageId): Promise<MessageId | null> {
  const [echo] = await tx.rows<{ id: MessageId; ticket_id: Head['ticketId'] }>(
    `delete from messages m using message_parts p where p.org_id = $1 and p.channel_id = $2 and p.external_id = $3 and p.id <> $4
       and m.org_id = $1 and m.id = p.message_id and m.author_type = 'EXTERNAL' returning m.id, m.ticket_id`,
    [tx.orgId, part.channel_id, externalId, head.partId],
  )
  if (echo && echo.ticket_id !== head.ticketId) await deriveTickets(tx, [echo.ticket_id], new Date())
  return echo?.id ?? null
}

/** What was taken for ours by its words was typed elsewhere: it becomes a message of its own, with the same words. */
async function insertEcho(
  tx: Tx,
  ids: IdSource,
  part: Part,
  head: Subject,
  externalId: ExternalMessageId,
): Promise<MessageId> {
  const id = ids.next() as MessageId
  await tx.affected(
    `insert into messages (id, org_id, ticket_id, conversation_id, direction, kind, content, author_type, via, status, external_id, sent_at)
     select $3, org_id, ticket_id, conversation_id, 'OUTBOUND', kind, content, 'EXTERNAL', 'PLATFORM_APP', 'SENT', $4, sent_at
     from messages where org_id = $1 and id = $2`,
    [tx.orgId, head.messageId, id, externalId],
  )
  await tx.affected(
    `insert into message_parts (id, org_id, message_id, channel_id, position, external_id, status) values ($1, $2, $3, $4, 0, $5, 'SENT')`,
    [ids.next(), tx.orgId, id, part.channel_id, externalId],
  )
  return id
}
