import type { EventActor, EventType } from '../../../core/event/domain-event.ts'
import type { MemberId, OrgId, TicketId } from '../../../core/ids.ts'
import type { EventView } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { channelStates } from './channels.ts'
import { customersById } from './customers.ts'
import { memberStates } from './members.ts'
import { messagesById } from './messages.ts'
import { notificationsById } from './notifications.ts'
import { ticketsById, type WindowRule } from './tickets.ts'

export type EventRow = {
  id: string
  org_id: OrgId
  seq: string
  type: EventType
  actor_type: EventActor['type']
  actor_id: string | null
  resource_type: string
  resource_id: string
  ticket_id: TicketId | null
  data: Record<string, unknown>
  request_id: string | null
  occurred_at: Date
}

const READ = `
select public_id as id, org_id, seq, type, actor_type, actor_id, resource_type, resource_id, ticket_id, data, request_id, occurred_at
from event_log where org_id = $1 and seq > $2 and seq <= $3 and (recipient_id is null or recipient_id = $4)
order by seq limit $5`

export const eventRows = (
  tx: Tx,
  memberId: MemberId,
  after: number,
  upTo: number,
  limit: number,
): Promise<EventRow[]> => tx.rows<EventRow>(READ, [tx.orgId, after, upTo, memberId, limit])

export async function lastNumber(tx: Tx): Promise<number> {
  const [row] = await tx.rows<{ last_seq: string }>('select last_seq from event_counters where org_id = $1', [tx.orgId])
  return Number(row?.last_seq ?? 0)
}

type Resource = NonNullable<EventView['data']>

/** As they are now, in one statement per kind: what was taken back since is gone here too. */
export async function eventViews(
  tx: Tx,
  memberId: MemberId,
  rows: readonly EventRow[],
  rule: WindowRule,
): Promise<EventView[]> {
  const idsOf = (type: string) => [
    ...new Set(rows.filter((row) => row.resource_type === type).map((row) => row.resource_id)),
  ]
  const found: Record<string, readonly Resource[]> = {
    customer: await customersById(tx, idsOf('customer')),
    ticket: await ticketsById(tx, idsOf('ticket'), rule),
    message: await messagesById(tx, idsOf('message'), rule.now),
    notification: await notificationsById(tx, memberId, idsOf('notification')),
    channel: await channelStates(tx, idsOf('channel'), rule.now),
    member: await memberStates(tx, idsOf('member')),
  }
  const byKey = new Map(
    Object.entries(found).flatMap(([type, resources]) =>
      resources.map((resource) => [`${type} ${resource.id}`, resource]),
    ),
  )
  return rows.map((row) => ({
    id: row.id,
    seq: Number(row.seq),
    type: row.type,
    occurredAt: row.occurred_at,
    orgId: row.org_id,
    actor: { type: row.actor_type, id: row.actor_id },
    resource: { type: row.resource_type, id: row.resource_id },
    ticketId: row.ticket_id,
    changes: row.data,
    data: byKey.get(`${row.resource_type} ${row.resource_id}`) ?? null,
    requestId: row.request_id,
  }))
}
