import type { ExternalMessageId, ExternalUserId, MessageId } from '../../../core/ids.ts'
import { isSameEmoji } from '../../../core/reaction/emoji.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { OwnReactionStore, WantedReaction } from '../../../ports/own-reaction-store.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'
import { insertRows } from './insert-rows.ts'
import { lockConversation } from './lanes.ts'
import { bytea } from './raw-events.ts'

/** The platforms' word for the heart; others have none that is the same everywhere. */
const nameOf = (emoji: string): string => (isSameEmoji(emoji, '❤️') ? 'love' : 'other')

export const createOwnReactionStore = (tx: Tx, { ids }: { ids: IdSource }): OwnReactionStore => ({
  async of(ticketId, messageId) {
    if (!isUuid(messageId)) return null
    const [row] = await tx.rows<OfRow>(OF, [tx.orgId, ticketId, messageId])
    if (!row) return null
    return {
      externalId: row.external_id,
      direction: row.direction,
      isDeleted: row.deleted_at !== null,
      wanted: row.status === null ? null : { emoji: row.wanted, isRefused: row.status === 'FAILED' },
      shown: row.shown,
    }
  },

  async want({ messageId, channelId }, { emoji, memberId, requestId, now }) {
    await tx.affected(
      `insert into own_reactions as o (org_id, message_id, emoji, status, member_id, revision, wanted_at, request_id)
       values ($1, $2, $3, 'PENDING', $4, 1, $5, $6)
       on conflict (org_id, message_id) do update set emoji = excluded.emoji, status = excluded.status, failure = null,
         member_id = excluded.member_id, revision = o.revision + 1, wanted_at = excluded.wanted_at, request_id = excluded.request_id`,
      [tx.orgId, messageId, emoji, memberId, now, requestId],
    )
    insertRows(tx, 'jobs', { id: 'uuid', queue: 'text', payload: 'bytea' }, [
      {
        id: ids.next(),
        queue: 'reaction',
        payload: bytea(Buffer.from(JSON.stringify({ orgId: tx.orgId, channelId, messageId }))),
      },
    ])
  },

  async forget(messageId) {
    await tx.affected(`delete from own_reactions where org_id = $1 and message_id = $2 and status = 'FAILED'`, [
      tx.orgId,
      messageId,
    ])
  },

  async pending(messageId) {
    const [row] = await tx.rows<WishRow>(PENDING, [tx.orgId, messageId])
    if (!row) return null
    return {
      messageId,
      ticketId: row.ticket_id,
      conversationId: row.conversation_id,
      externalId: row.external_id,
      person: row.person,
      surface: row.surface,
      window: { openedAt: row.window_opened_at, reason: row.window_reason },
      emoji: row.emoji,
      revision: row.revision,
      requestId: row.request_id,
    }
  },

  async settle({ messageId, conversationId, emoji, revision }, outcome, now) {
    // Whoever takes the message back has this lock too, and removes both rows.
    await lockConversation(tx, conversationId)
    const failure = outcome.status === 'FAILED' ? JSON.stringify(outcome.failure) : null
    const settled = await tx.affected(
      `update own_reactions set status = $4, failure = $5::jsonb
       where org_id = $1 and message_id = $2 and revision = $3 and status = 'PENDING'`,
      [tx.orgId, messageId, revision, outcome.status, failure],
    )
    if (settled === 0) {
      await tx.affected(
        `update own_reactions set status = 'PENDING' where org_id = $1 and message_id = $2 and revision > $3 and status = 'SENT'`,
        [tx.orgId, messageId, revision],
      )
      return false
    }
    if (outcome.status === 'SENT') await show(tx, messageId, emoji, now)
    return true
  },
})

/** As if the platform had told of it; when it does, it is the same row. */
const show = (tx: Tx, messageId: MessageId, emoji: string | null, now: Date) =>
  tx.affected(
    `insert into reactions as r (org_id, channel_id, external_id, actor, name, emoji, reacted_at, member_id)
     select p.org_id, p.channel_id, p.external_id, c.account, $3, $4, $5, case when $4::text is null then null else o.member_id end
     from message_parts p
     join channels c on c.org_id = p.org_id and c.id = p.channel_id
     join own_reactions o on o.org_id = p.org_id and o.message_id = p.message_id
     where p.org_id = $1 and p.message_id = $2
     on conflict (org_id, channel_id, external_id, actor) do update set name = excluded.name, emoji = excluded.emoji,
       member_id = excluded.member_id, reacted_at = greatest(r.reacted_at, excluded.reacted_at)`,
    [tx.orgId, messageId, emoji === null ? null : nameOf(emoji), emoji, now],
  )

type OfRow = {
  external_id: ExternalMessageId | null
  direction: 'INBOUND' | 'OUTBOUND'
  deleted_at: Date | null
  status: string | null
  wanted: string | null
  shown: string | null
}

const OF = `
select m.external_id, m.direction, m.deleted_at, o.status, o.emoji as wanted, r.emoji as shown
from messages m
join conversations v on v.org_id = m.org_id and v.id = m.conversation_id
join channels c on c.org_id = v.org_id and c.id = v.channel_id
left join own_reactions o on o.org_id = m.org_id and o.message_id = m.id
left join reactions r on r.org_id = m.org_id and r.channel_id = v.channel_id and r.external_id = m.external_id and r.actor = c.account
where m.org_id = $1 and m.ticket_id = $2 and m.id = $3`

type WishRow = {
  ticket_id: WantedReaction['ticketId']
  conversation_id: WantedReaction['conversationId']
  external_id: ExternalMessageId
  person: ExternalUserId
  surface: WantedReaction['surface']
  window_opened_at: Date | null
  window_reason: string | null
  emoji: string | null
  revision: number
  request_id: string | null
}

const PENDING = `
select m.ticket_id, m.conversation_id, m.external_id, i.external_id as person, v.surface, v.window_opened_at, v.window_reason,
  o.emoji, o.revision, o.request_id
from own_reactions o
join messages m on m.org_id = o.org_id and m.id = o.message_id
join conversations v on v.org_id = m.org_id and v.id = m.conversation_id
join customer_identities i on i.org_id = v.org_id and i.customer_id = v.customer_id and i.channel_id = v.channel_id
where o.org_id = $1 and o.message_id = $2 and o.status = 'PENDING' and m.deleted_at is null and m.external_id is not null`
