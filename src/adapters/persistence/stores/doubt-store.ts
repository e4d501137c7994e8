import type { ExternalMessageId, MessageId } from '../../../core/ids.ts'
import type { Doubt, DoubtStore } from '../../../ports/doubt-store.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { Tx } from '../transaction.ts'
import { applyProven } from './change-messages.ts'
import { lockChannel } from './channel-lock.ts'
import { deriveMessages } from './derive-messages.ts'
import { deriveTickets } from './derive-tickets.ts'
import { adoptEarly } from './early-facts.ts'
import { inFlightOf } from './in-flight.ts'
import { insertRows } from './insert-rows.ts'
import { lockConversation } from './lanes.ts'
import { contentOf, type PartContentRow } from './part-content.ts'
import { bytea } from './raw-events.ts'

export const createDoubtStore = (tx: Tx, { ids }: { ids: IdSource }): DoubtStore => ({
  async part(id) {
    const [row] = await tx.rows<Row>(`${SELECT} and p.id = $2`, [tx.orgId, id])
    return row ? doubtOf(row) : null
  },

  async ofMessage(id) {
    return (await tx.rows<Row>(`${SELECT} and p.message_id = $2 order by p.position`, [tx.orgId, id])).map(doubtOf)
  },

  async unconfirmed(id, now) {
    const [row] = await tx.rows<Pick<Row, 'message_id' | 'ticket_id'>>(
      `update message_parts p set unconfirmed_at = $3 from messages m
       where p.org_id = $1 and p.id = $2 and p.status = 'UNKNOWN' and p.unconfirmed_at is null
         and m.org_id = p.org_id and m.id = p.message_id returning p.message_id, m.ticket_id`,
      [tx.orgId, id, now],
    )
    return row ? { messageId: row.message_id, ticketId: row.ticket_id } : null
  },

  checkLater: async ({ partId, channelId }, afterMs) =>
    insertRows(tx, 'jobs', { id: 'uuid', queue: 'text', run_at: 'timestamptz', payload: 'bytea' }, [
      {
        id: ids.next(),
        queue: 'doubt-check',
        // The jobs are claimed by the server's clock, which is near enough to ours for a matter of seconds.
        run_at: new Date(Date.now() + afterMs),
        payload: bytea(Buffer.from(JSON.stringify({ orgId: tx.orgId, channelId, partId }))),
      },
    ]),

  async open({ channelId, conversationId, customerId, audience }, externalIds) {
    lockChannel(tx, channelId, 'together')
    await lockConversation(tx, conversationId)
    const known = await tx.rows<{ external_id: ExternalMessageId }>(
      'select external_id from message_parts where org_id = $1 and channel_id = $2 and external_id = any($3)',
      [tx.orgId, channelId, externalIds],
    )
    const free = new Set(externalIds)
    for (const { external_id } of known) free.delete(external_id)
    return { inFlight: (await inFlightOf(tx, [conversationId], audience)).get(customerId) ?? [], free }
  },

  async prove(channelId, { inFlight, conversationId, externalId }, now) {
    const { messageId, partId, ticketId } = inFlight
    await applyProven(tx, [{ inFlight, conversationId, externalId }], now)
    await adoptEarly(tx, channelId, { messageId, partId, externalId })
    await deriveTickets(tx, [ticketId], now)
    const [change] = await deriveMessages(tx, [messageId])
    if (!change) throw new Error('a reply has no parts')
    return { ...change, from: 'UNKNOWN' }
  },

  async sentAgainAs(id) {
    const [row] = await tx.rows<{ id: MessageId }>('select id from messages where org_id = $1 and resend_of = $2', [
      tx.orgId,
      id,
    ])
    return row?.id ?? null
  },
})

type Row = PartContentRow & {
  part_id: Doubt['partId']
  message_id: MessageId
  ticket_id: Doubt['ticketId']
  channel_id: Doubt['channelId']
  conversation_id: Doubt['conversationId']
  customer_id: Doubt['customerId']
  person: Doubt['person']
  reply_to_external_id: ExternalMessageId | null
  audience: Doubt['audience']
  top_level_id: ExternalMessageId | null
  since: Date
}

const SELECT = `
select p.id as part_id, p.message_id, m.ticket_id, p.channel_id, p.conversation_id, v.customer_id, i.external_id as person,
  p.kind as part_kind, p.content, p.extras, t.type as attachment_type, t.url as attachment_url, t.upload_id as attachment_upload_id, m.reply_to_external_id, m.audience,
  coalesce((select c.reply_to_external_id from messages c where c.org_id = m.org_id and c.conversation_id = m.conversation_id
    and c.direction = 'INBOUND' and c.external_id = m.reply_to_external_id), m.reply_to_external_id) as top_level_id,
  (select coalesce(max(a.finished_at), max(a.started_at)) from send_attempts a where a.org_id = p.org_id and a.part_id = p.id) as since
from message_parts p
join messages m on m.org_id = p.org_id and m.id = p.message_id
join conversations v on v.org_id = p.org_id and v.id = p.conversation_id
join customer_identities i on i.org_id = v.org_id and i.customer_id = v.customer_id and i.channel_id = v.channel_id
left join attachments t on t.org_id = p.org_id and t.message_id = m.id and t.part_id = p.id
where p.org_id = $1 and p.status = 'UNKNOWN'`

const doubtOf = (row: Row): Doubt => ({
  partId: row.part_id,
  messageId: row.message_id,
  ticketId: row.ticket_id,
  channelId: row.channel_id,
  conversationId: row.conversation_id,
  customerId: row.customer_id,
  person: row.person,
  content: contentOf(row),
  replyToExternalId: row.reply_to_external_id,
  audience: row.audience,
  topLevelId: row.top_level_id,
  since: row.since,
})
