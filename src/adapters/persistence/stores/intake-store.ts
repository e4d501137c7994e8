import type { ConversationId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { IntakeStore } from '../../../ports/intake-store.ts'
import type { Tx } from '../transaction.ts'
import { applyEdits, applyProven, applyUnsends, buryTombstones } from './change-messages.ts'
import { deriveTickets } from './derive-tickets.ts'
import { insertMessages, insertNotifications, insertTickets } from './insert-messages.ts'
import { insertRows } from './insert-rows.ts'
import { activeMembers, admit, inFlightOf, knownMessages, lockConversations, ticketsOf } from './load-intake.ts'
import { moveLastSeen, moveWindows, setStatuses } from './move-forward.ts'
import { openConversations } from './open-conversations.ts'

/** Batches: every method takes a handful of statements, whatever the number of events. */
export const createIntakeStore = (tx: Tx, { ids }: { ids: IdSource }): IntakeStore => ({
  async open(request) {
    const spokenOf = await admit(tx, request)
    const { conversationIds, newCustomers } = await openConversations(tx, ids, request.channelId, request)
    const locked = await lockConversations(tx, [...new Set<ConversationId>([...conversationIds, ...spokenOf])])
    const tickets = await ticketsOf(
      tx,
      locked.map(({ id }) => id),
    )
    const inFlight = request.withInFlight
      ? await inFlightOf(tx, [...new Set(locked.map((row) => row.customer_id))])
      : new Map()
    return {
      memberIds: await activeMembers(tx),
      newCustomers,
      conversations: locked.map((row) => ({
        id: row.id,
        customerId: row.customer_id,
        surface: row.surface,
        key: row.external_key,
        person: row.person,
        windowOpenedAt: row.window_opened_at,
        open: tickets.get(row.id)?.open ?? null,
        newestResolved: tickets.get(row.id)?.newestResolved ?? null,
        inFlight: inFlight.get(row.customer_id) ?? [],
      })),
      ...(await knownMessages(tx, request)),
    }
  },

  async save(channelId, changes, now) {
    // Rows that are locked already come first; the organization's ticket counter, which everybody wants, comes last.
    await moveWindows(tx, changes.windows)
    await moveLastSeen(tx, changes.seen)
    await setStatuses(tx, changes.ticketStatuses)
    await insertTickets(tx, channelId, changes.tickets)
    await insertMessages(tx, ids, channelId, changes.messages)
    await applyProven(tx, changes.proven, now)
    await applyEdits(tx, changes.edits)
    await applyUnsends(tx, changes.unsends)
    await buryTombstones(tx, channelId, changes.tombstones)
    await insertNotifications(tx, changes.notifications)
    await deriveTickets(tx, changes.touched, now)
    await insertRows(
      tx,
      'jobs',
      { id: 'uuid', queue: 'text', payload: 'bytea' },
      changes.lookUps.map((lookUp) => ({
        id: ids.next(),
        queue: 'profile-lookup',
        payload: hex({ orgId: tx.orgId, channelId, ...lookUp }),
      })),
    )
  },

  async keepRaw(shares) {
    await insertRows(
      tx,
      'raw_events',
      {
        id: 'uuid',
        org_id: 'uuid',
        channel_id: 'uuid',
        body: 'bytea',
        verified: 'boolean',
        request_id: 'text',
        received_at: 'timestamptz(3)',
        status: 'text',
      },
      shares.map(({ delivery, body }) => ({ ...raw(delivery), body: bytea(body), status: 'PROCESSED' })),
      'on conflict do nothing',
    )
  },

  async quarantine(entries) {
    await insertRows(
      tx,
      'raw_events',
      {
        id: 'uuid',
        org_id: 'uuid',
        channel_id: 'uuid',
        body: 'bytea',
        verified: 'boolean',
        request_id: 'text',
        received_at: 'timestamptz(3)',
        status: 'text',
      },
      entries.map(({ delivery, body }) => ({ ...raw(delivery), body: bytea(body), status: 'QUARANTINED' })),
      "on conflict (org_id, id) do update set status = 'QUARANTINED'",
    )
    await insertRows(
      tx,
      'quarantine',
      { id: 'uuid', org_id: 'uuid', channel_id: 'uuid', raw_event_id: 'uuid', reason: 'text', detail: 'text' },
      entries.map(({ delivery, reason, detail }) => ({
        id: ids.next(),
        org_id: tx.orgId,
        channel_id: delivery.channelId,
        raw_event_id: delivery.id,
        reason,
        detail,
      })),
    )
  },

  async count(channelId, { unroutable, unknown, quarantined, lastInboundAt }) {
    await tx.affected(
      `update channel_health set unroutable = unroutable + $3, unknown = unknown + $4, quarantined = quarantined + $5,
         last_inbound_at = greatest(last_inbound_at, $6::timestamptz) where org_id = $1 and channel_id = $2`,
      [tx.orgId, channelId, unroutable, unknown, quarantined, lastInboundAt],
    )
  },
})

type Delivery = Parameters<IntakeStore['keepRaw']>[0][number]['delivery']

const raw = ({ id, orgId, channelId, verified, requestId, receivedAt }: Delivery) => ({
  id,
  org_id: orgId,
  channel_id: channelId,
  verified,
  request_id: requestId,
  received_at: receivedAt,
})

/** bytea as JSON text: PostgreSQL's hexadecimal form. */
const bytea = (bytes: Uint8Array): string =>
  `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`

const hex = (value: unknown): string => bytea(Buffer.from(JSON.stringify(value)))
