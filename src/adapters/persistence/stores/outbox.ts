import type { IdSource } from '../../../ports/id-source.ts'
import type { Outbox } from '../../../ports/unit-of-work.ts'
import type { Tx } from '../transaction.ts'
import { insertRows } from './insert-rows.ts'

/** Rows of the event log; the relay numbers them after commit, in this order. */
export const createOutbox = (tx: Tx, { ids }: { ids: IdSource }): Outbox => ({
  append: async (events) =>
    insertRows(
      tx,
      'event_log',
      {
        public_id: 'uuid',
        org_id: 'uuid',
        type: 'text',
        recipient_id: 'uuid',
        actor_type: 'text',
        actor_id: 'uuid',
        resource_type: 'text',
        resource_id: 'uuid',
        ticket_id: 'uuid',
        data: 'jsonb',
        request_id: 'text',
      },
      events.map((event) => ({
        public_id: ids.next(),
        org_id: tx.orgId,
        type: event.type,
        recipient_id: event.recipientId ?? null,
        actor_type: event.actor.type,
        actor_id: event.actor.id,
        resource_type: event.resource.type,
        resource_id: event.resource.id,
        ticket_id: event.ticketId,
        data: event.data ?? {},
        request_id: event.requestId,
      })),
    ),
})
