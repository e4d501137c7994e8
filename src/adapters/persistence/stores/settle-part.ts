import type { PartKind } from '../../../core/channel/outbound-content.ts'
import type { ChannelId, ConversationId, ExternalMessageId, MessageId, PartId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { Head, LaneClaim, MessageChange, Settled, Settlement } from '../../../ports/send-store.ts'
import type { MessageStatus } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { deriveMessages } from './derive-messages.ts'
import { deriveTickets } from './derive-tickets.ts'
import { adoptEarly } from './early-facts.ts'

type Part = {
  status: MessageStatus
  kind: PartKind
  external_id: ExternalMessageId | null
  provisional: boolean
  channel_id: ChannelId
  conversation_id: ConversationId
  is_public: boolean
}
type Subject = Pick<Head, 'messageId' | 'partId' | 'ticketId'>

/**
 * Records what a send came to. The platform's answer is the truth about our part, also after an echo was taken for it by what
 * it says: where the ids differ, the echo was another part's, or somebody else's and becomes a message of its own.
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
    `select p.status, p.kind, p.external_id, p.provisional, p.channel_id, p.conversation_id, m.audience = 'PUBLIC' as is_public
     from message_parts p join messages m on m.org_id = p.org_id and m.id = p.message_id
     where p.org_id = $1 and p.id = $2 for update of p`,
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
  const mistaken = externalId === null ? null : await takeBack(tx, part, head, externalId)
  await tx.affected(
    `update message_parts set status = $3, external_id = $4, provisional = false, failure = $5,
       sent_at = case when $3 = 'SENT' then coalesce(sent_at, $6) end where org_id = $1 and id = $2`,
    [tx.orgId, head.partId, settlement.status, externalId, failure(settlement), now],
  )
  // Two of the same words, each taken for the other: they change places.
  if (mistaken && theirs !== null) await proveBy(tx, mistaken.partId, theirs, now)
  // What the account wrote under a comment elsewhere is no message of anybody's.
  const split = theirs === null || mistaken || part.is_public ? null : await insertEcho(tx, ids, part, head, theirs)
  const { messageId, partId } = head
  const early = externalId === null ? null : await adoptEarly(tx, part.channel_id, { messageId, partId, externalId })
  const changes = await deriveMessages(tx, [...new Set(mistaken ? [messageId, mistaken.messageId] : [messageId])])
  if (replaced || split || early?.isChanged) await deriveTickets(tx, [head.ticketId], now)
  const own = changes.find((change) => change.messageId === messageId)
  if (!own) throw new Error('a reply has no parts')
  const others = changes.flatMap((change) =>
    mistaken && change !== own ? [{ ...change, ticketId: mistaken.ticketId }] : [],
  )
  return { ...own, part: { from: part.status, to: settlement.status }, others, replaced, split }
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
    `update send_attempts set finished_at = $4, outcome = $5, detail = $6, platform_code = $7 where org_id = $1 and part_id = $2 and fence = $3`,
    [
      tx.orgId,
      head.partId,
      claim.fence,
      now,
      OUTCOME[settlement.status],
      'detail' in settlement ? settlement.detail : null,
      settlement.status === 'QUEUED' ? settlement.platformCode : null,
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

type Mistaken = Pick<MessageChange, 'messageId'> & Readonly<{ partId: PartId; ticketId: Head['ticketId'] }>

/** Another part of ours, in doubt and of the same words, was taken for this one: it is in doubt again, and told of again. */
async function takeBack(tx: Tx, part: Part, head: Subject, externalId: ExternalMessageId): Promise<Mistaken | null> {
  const [row] = await tx.rows<{ id: PartId; message_id: MessageId; ticket_id: Head['ticketId'] }>(
    `update message_parts p set status = 'UNKNOWN', external_id = null, provisional = false, sent_at = null, unconfirmed_at = null
     from messages m where p.org_id = $1 and p.channel_id = $2 and p.external_id = $3 and p.id <> $4 and p.provisional
       and m.org_id = $1 and m.id = p.message_id returning p.id, p.message_id, m.ticket_id`,
    [tx.orgId, part.channel_id, externalId, head.partId],
  )
  return row ? { partId: row.id, messageId: row.message_id, ticketId: row.ticket_id } : null
}

async function proveBy(tx: Tx, partId: PartId, externalId: ExternalMessageId, now: Date): Promise<void> {
  await tx.affected(
    `update message_parts set status = 'SENT', external_id = $3, provisional = true, sent_at = $4 where org_id = $1 and id = $2`,
    [tx.orgId, partId, externalId, now],
  )
}

/** What was taken for ours by what it says was sent elsewhere: it becomes a message of its own, and says the same. */
async function insertEcho(
  tx: Tx,
  ids: IdSource,
  part: Part,
  head: Subject,
  externalId: ExternalMessageId,
): Promise<MessageId> {
  const id = ids.next() as MessageId
  await tx.affected(
    `insert into messages (id, org_id, ticket_id, conversation_id, direction, kind, content, author_type, via, status, external_id, sent_at, elsewhere)
     select $4, m.org_id, m.ticket_id, m.conversation_id, 'OUTBOUND', $6, p.content, 'EXTERNAL', 'PLATFORM_APP', 'SENT', $5, m.sent_at, m.elsewhere
     from messages m join message_parts p on p.org_id = m.org_id and p.message_id = m.id
     where m.org_id = $1 and m.id = $2 and p.id = $3`,
    [tx.orgId, head.messageId, head.partId, id, externalId, part.kind === 'TEXT' ? 'TEXT' : 'MEDIA'],
  )
  await tx.affected(
    `insert into message_parts (id, org_id, message_id, channel_id, position, external_id, status) values ($1, $2, $3, $4, 0, $5, 'SENT')`,
    [ids.next(), tx.orgId, id, part.channel_id, externalId],
  )
  // Which picture it was is not known any more, only that it was one.
  await tx.affected(
    `insert into attachments (id, org_id, message_id, position, type)
     select $4, org_id, $3, 0, type from attachments where org_id = $1 and part_id = $2`,
    [tx.orgId, head.partId, id, ids.next()],
  )
  return id
}
