import type {
  ChannelId,
  ConversationId,
  CustomerId,
  ExternalMessageId,
  ExternalUserId,
  MemberId,
  MessageId,
  TicketId,
} from '../../../core/ids.ts'
import type { TicketStatus } from '../../../core/ticket/ticket.ts'
import type {
  Admission,
  ConversationState,
  DatedReferral,
  EarlyFacts,
  IntakeRequest,
  IntakeState,
  KnownPart,
  StoredReaction,
  ThreadOwner,
} from '../../../ports/intake-store.ts'
import type { SecretBox } from '../../../ports/secret-box.ts'
import { MOST_PARTS_MS, placeOf, placeOfLast } from '../seen-sql.ts'
import type { Tx } from '../transaction.ts'
import { checkConnected, lockChannel } from './channel-lock.ts'
import { erasedAmong } from './erasure-marks.ts'
import { lookUpThreads } from './open-conversations.ts'

/**
 * What a batch asks for it finds by ids, for which one plan is as good as another: planning anew for each set of them, as the server would
 * where the set is small, takes longer than running. Not for what pages through a table: its bounds are of use only while they are known.
 */
const PLANNED_ONCE = `select set_config('plan_cache_mode', 'force_generic_plan', true)`

/** What is known of the people, conversations and messages that events name, once nothing that concerns them can slip past (`lockChannel`). */
export async function admit(
  tx: Tx,
  secretBox: SecretBox,
  { channelId, arrived, spokenOf, threads }: IntakeRequest,
  named: () => Iterable<string>,
  now: Date,
): Promise<Admission> {
  tx.write(PLANNED_ONCE)
  const known = await spokenMessages(tx, channelId, spokenOf)
  const expected = new Set<ExternalMessageId>([...known.keys(), ...arrived])
  const alone = spokenOf.some((externalId) => !expected.has(externalId))
  lockChannel(tx, channelId, alone ? 'alone' : 'together')
  const [before, erased, knownThreads] = await Promise.all([
    checkConnected(tx, channelId, now),
    erasedAmong(tx, secretBox, channelId, named),
    lookUpThreads(tx, channelId, threads),
  ])
  // What was known may have gone for its age before the lock was had.
  const found = alone || before !== null ? await spokenMessages(tx, channelId, spokenOf) : known
  const here = new Set(before === null ? [] : found.keys())
  return { spokenOf: [...found.values()], threads: knownThreads, erased: { ...erased, before, here } }
}

/** The conversations of messages that events speak of. */
async function spokenMessages(
  tx: Tx,
  channelId: ChannelId,
  externalIds: readonly ExternalMessageId[],
): Promise<ReadonlyMap<ExternalMessageId, ConversationId>> {
  if (externalIds.length === 0) return new Map()
  const rows = await tx.rows<{ external_id: ExternalMessageId; conversation_id: ConversationId }>(
    `select p.external_id, m.conversation_id from message_parts p join messages m on m.org_id = p.org_id and m.id = p.message_id
     where p.org_id = $1 and p.channel_id = $2 and p.external_id = any($3)`,
    [tx.orgId, channelId, externalIds],
  )
  return new Map(rows.map((row) => [row.external_id, row.conversation_id]))
}

/**
 * Locks customers, then their conversations, in id order: whoever ingests for the same people waits here. Everything read
 * after this statement is what the transaction before left behind.
 */
export async function lockConversations(
  tx: Tx,
  conversationIds: readonly ConversationId[],
): Promise<LockedConversation[]> {
  if (conversationIds.length === 0) return []
  return tx.rows<LockedConversation>(
    `select v.id, v.customer_id, v.surface, v.external_key, v.window_opened_at, v.read_until, v.first_referral, v.last_referral,
       v.thread_owner, i.external_id as person
     from conversations v
     join customers c on c.org_id = v.org_id and c.id = v.customer_id
     join lateral (select external_id from customer_identities i where i.org_id = v.org_id and i.customer_id = v.customer_id and i.channel_id = v.channel_id limit 1) i on true
     where v.org_id = $1 and v.id = any($2)
     order by c.id, v.id for no key update of c, v`,
    [tx.orgId, conversationIds],
  )
}

export type LockedConversation = {
  id: ConversationId
  customer_id: CustomerId
  surface: ConversationState['surface']
  external_key: string
  window_opened_at: Date | null
  read_until: Date | null
  first_referral: Stored<DatedReferral> | null
  last_referral: Stored<DatedReferral> | null
  thread_owner: Stored<ThreadOwner> | null
  person: ExternalUserId
}

type Stored<T extends Readonly<{ at: Date }>> = Omit<T, 'at'> & { at: string }

export const dated = <T extends Readonly<{ at: Date }>>(stored: Stored<T> | null): T | null =>
  stored && ({ ...stored, at: new Date(stored.at) } as unknown as T)

type TicketRow = {
  conversation_id: ConversationId
  open_id: TicketId | null
  open_status: TicketStatus | null
  resolved_id: TicketId | null
  resolved_at: Date | null
}

export async function ticketsOf(
  tx: Tx,
  conversationIds: readonly ConversationId[],
): Promise<ReadonlyMap<ConversationId, Pick<ConversationState, 'open' | 'newestResolved'>>> {
  if (conversationIds.length === 0) return new Map()
  const rows = await tx.rows<TicketRow>(
    `select v.id as conversation_id, o.id as open_id, o.status as open_status, r.id as resolved_id, r.resolved_at
     from unnest($2::uuid[]) as v (id)
     left join lateral (select id, status from tickets t where t.org_id = $1 and t.conversation_id = v.id and t.status <> 'RESOLVED' limit 1) o on true
     left join lateral (select id, resolved_at from tickets t where t.org_id = $1 and t.conversation_id = v.id and t.status = 'RESOLVED' order by number desc limit 1) r on true`,
    [tx.orgId, conversationIds],
  )
  return new Map(
    rows.map((row) => [
      row.conversation_id,
      {
        open: row.open_id && row.open_status ? { id: row.open_id, status: row.open_status } : null,
        newestResolved:
          row.resolved_id && row.resolved_at ? { id: row.resolved_id, resolvedAt: row.resolved_at } : null,
      },
    ]),
  )
}

/** Of these, the direct messages that were last shown on a ticket of another conversation, with that one. Whoever asks has them locked. */
export async function joinedOf(
  tx: Tx,
  conversationIds: readonly ConversationId[],
): Promise<ReadonlyMap<ConversationId, ConversationId>> {
  if (conversationIds.length === 0) return new Map()
  const rows = await tx.rows<{ id: ConversationId; joined: ConversationId }>(
    `select v.id, k.conversation_id as joined
     from unnest($2::uuid[]) as w (id)
     join lateral (select id from conversations c where c.org_id = $1 and c.id = w.id and c.surface = 'DM' limit 1) v on true
     join lateral (select m.ticket_id, m.sent_at from messages m
       where m.org_id = $1 and m.conversation_id = v.id and m.elsewhere and m.status not in ('QUEUED', 'FAILED')
       order by m.sent_at desc, m.external_id desc limit 1) l on true
     join tickets k on k.org_id = $1 and k.id = l.ticket_id
     where not exists (select from tickets t where t.org_id = $1 and t.conversation_id = v.id and t.last_message_at > l.sent_at)`,
    [tx.orgId, conversationIds],
  )
  return new Map(rows.map(({ id, joined }) => [id, joined]))
}

type KnownRow = {
  external_id: ExternalMessageId
  gone_at: Date | null
  early: { revision: number; at: string; text: string } | null
  is_read: boolean
  part_id: KnownPart['partId'] | null
  message_id: KnownPart['messageId']
  ticket_id: TicketId
  conversation_id: ConversationId
  direction: KnownPart['direction']
  is_ours: boolean
  parts: number
  content: string | null
  sent_at: Date
  edited_at: Date | null
  deleted_at: Date | null
  edit_revision: number
}

/**
 * What is known of the messages that events bring or speak of: their parts, their tombstones, and what was said before them. Each
 * is looked up by itself: joined, a channel that grew since the planner last looked was read whole for every batch.
 */
export async function knownMessages(
  tx: Tx,
  request: IntakeRequest,
): Promise<Pick<IntakeState, 'parts' | 'tombstones' | 'early' | 'reactions'>> {
  const externalIds = [...request.arrived, ...request.spokenOf]
  const rows = await tx.rows<KnownRow>(
    `select e.id as external_id, g.deleted_at as gone_at, r.external_id is not null as is_read,
       case when d.external_id is not null then jsonb_build_object('revision', d.revision, 'at', d.edited_at, 'text', d.content) end as early,
       p.id as part_id, p.message_id, m.ticket_id, m.conversation_id, m.direction, ${placeOf('m', 'p')} as sent_at, o.is_ours, o.parts,
       case when o.is_ours then p.content else m.content end as content, case when o.is_ours then p.edited_at else m.edited_at end as edited_at,
       case when o.is_ours then p.deleted_at else m.deleted_at end as deleted_at,
       case when o.is_ours then p.edit_revision else m.edit_revision end as edit_revision
     from unnest($3::text[]) as e (id)
     left join lateral (select * from message_parts s where s.org_id = $1 and s.channel_id = $2 and s.external_id = e.id limit 1) p on true
     left join messages m on m.org_id = $1 and m.id = p.message_id
     left join lateral (select p.kind is not null as is_ours, case when p.kind is null then 1 else (
       select count(*)::int from message_parts s where s.org_id = $1 and s.message_id = p.message_id) end as parts) o on true
     left join tombstones g on g.org_id = $1 and g.channel_id = $2 and g.external_id = e.id
     left join early_edits d on d.org_id = $1 and d.channel_id = $2 and d.external_id = e.id
     left join early_reads r on r.org_id = $1 and r.channel_id = $2 and r.external_id = e.id
     where p.id is not null or g.deleted_at is not null or d.external_id is not null or r.external_id is not null`,
    [tx.orgId, request.channelId, externalIds],
  )
  const parts = new Map<ExternalMessageId, KnownPart>()
  const tombstones = new Map<ExternalMessageId, Date>()
  const early = new Map<ExternalMessageId, EarlyFacts>()
  for (const row of rows) {
    if (row.gone_at) tombstones.set(row.external_id, row.gone_at)
    if (row.early || row.is_read) early.set(row.external_id, { edit: dated(row.early), isRead: row.is_read })
    if (row.part_id === null) continue
    parts.set(row.external_id, {
      partId: row.part_id,
      messageId: row.message_id,
      ticketId: row.ticket_id,
      conversationId: row.conversation_id,
      direction: row.direction,
      sentAt: row.sent_at,
      deletedAt: row.deleted_at,
      isOurs: row.is_ours,
      isOneOfSeveral: row.parts > 1,
      edit:
        row.edit_revision > 0 && row.edited_at
          ? { revision: row.edit_revision, at: row.edited_at, text: row.content ?? '' }
          : null,
    })
  }
  return { parts, tombstones, early, reactions: await reactionsTo(tx, request) }
}

async function reactionsTo(tx: Tx, { channelId, spokenOf }: IntakeRequest): Promise<readonly StoredReaction[]> {
  if (spokenOf.length === 0) return []
  const rows = await tx.rows<{
    external_id: ExternalMessageId
    actor: ExternalUserId
    name: string | null
    emoji: string | null
    reacted_at: Date
  }>(
    `select external_id, actor, name, emoji, reacted_at from reactions where org_id = $1 and channel_id = $2 and external_id = any($3)`,
    [tx.orgId, channelId, spokenOf],
  )
  return rows.map(({ external_id: externalId, actor, name, emoji, reacted_at: at }) => ({
    externalId,
    actor,
    reaction: name === null ? null : { name, emoji },
    at,
  }))
}

/** What the account wrote since the customer last looked. */
export async function unseenIn(
  tx: Tx,
  conversationIds: readonly ConversationId[],
): Promise<ReadonlyMap<ConversationId, ConversationState['unseen']>> {
  const rows = await tx.rows<{ id: MessageId; ticket_id: TicketId; conversation_id: ConversationId; sent_at: Date }>(
    `select m.id, m.ticket_id, m.conversation_id, l.sent_at
     from conversations v join messages m on m.org_id = v.org_id and m.conversation_id = v.id
     cross join lateral (select ${placeOfLast('m')} as sent_at) l
     where v.org_id = $1 and v.id = any($2) and m.direction = 'OUTBOUND' and m.status = 'SENT'
       and m.sent_at > coalesce(v.read_until, '-infinity') - $3 * interval '1 ms' and l.sent_at > coalesce(v.read_until, '-infinity')
     order by m.sent_at, m.id`,
    [tx.orgId, conversationIds, MOST_PARTS_MS],
  )
  const found = Map.groupBy(rows, ({ conversation_id }) => conversation_id)
  return new Map(
    [...found].map(([id, messages]) => [
      id,
      messages.map((row) => ({ messageId: row.id, ticketId: row.ticket_id, sentAt: row.sent_at })),
    ]),
  )
}

export async function activeMembers(tx: Tx): Promise<MemberId[]> {
  const rows = await tx.rows<{ id: MemberId }>('select id from memberships where org_id = $1 and active order by id', [
    tx.orgId,
  ])
  return rows.map(({ id }) => id)
}
