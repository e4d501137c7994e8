import type { ChannelId, ExternalMessageId, RawEventId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { IntakeStore, QuarantinedDelivery, RawShare } from '../../../ports/intake-store.ts'
import type { Tx } from '../transaction.ts'
import { lockChannel } from './channel-lock.ts'
import { insertRows } from './insert-rows.ts'

const COLUMNS = {
  id: 'uuid',
  org_id: 'uuid',
  channel_id: 'uuid',
  body: 'bytea',
  verified: 'boolean',
  request_id: 'text',
  received_at: 'timestamptz(3)',
  status: 'text',
}

const row = ({ delivery, body }: Pick<RawShare, 'delivery' | 'body'>, status: 'PROCESSED' | 'QUARANTINED') => ({
  id: delivery.id,
  org_id: delivery.orgId,
  channel_id: delivery.channelId,
  body: bytea(body),
  verified: delivery.verified,
  request_id: delivery.requestId,
  received_at: delivery.receivedAt,
  status,
})

export function keepRaw(tx: Tx, shares: readonly RawShare[]): void {
  insertRows(
    tx,
    'raw_events',
    COLUMNS,
    shares.map((share) => row(share, 'PROCESSED')),
    // What was put aside had been kept whole, with words that are gone by now and other accounts' entries.
    "on conflict (org_id, id) do update set body = excluded.body where raw_events.status = 'QUARANTINED'",
  )
  insertRows(
    tx,
    'raw_event_copies',
    { org_id: 'uuid', channel_id: 'uuid', external_id: 'text', raw_event_id: 'uuid' },
    shares.flatMap(({ delivery, copies }) =>
      copies.map((externalId) => ({
        org_id: tx.orgId,
        channel_id: delivery.channelId,
        external_id: externalId,
        raw_event_id: delivery.id,
      })),
    ),
    'on conflict do nothing',
  )
}

/**
 * The bodies that the messages came in, those that were noted as holding their words too, and those that were put aside, of
 * which nothing is known but that they have the messages' ids somewhere.
 */
export async function redactRaw(
  tx: Tx,
  channelId: ChannelId,
  externalIds: readonly ExternalMessageId[],
  redact: Parameters<IntakeStore['redactRaw']>[2],
): Promise<void> {
  if (externalIds.length === 0) return
  const bodies = await tx.rows<{ id: RawEventId; body: Buffer }>(
    `select id, body from raw_events where org_id = $1 and id in (
       select raw_event_id from message_parts where org_id = $1 and channel_id = $2 and external_id = any($3)
       union select raw_event_id from raw_event_copies where org_id = $1 and channel_id = $2 and external_id = any($3)
       union select h.id from quarantine q join raw_events h on h.org_id = q.org_id and h.id = q.raw_event_id
         where q.org_id = $1 and q.channel_id = $2 and exists (select 1 from unnest($4::bytea[]) as w (id) where position(w.id in h.body) > 0))
     order by id for update`,
    [tx.orgId, channelId, externalIds, externalIds.flatMap(inJson)],
  )
  for (const { id, body } of bodies) {
    if (body.length === 0) continue
    // One at a time: each may be of three megabytes.
    await tx.affected('update raw_events set body = $3 where org_id = $1 and id = $2', [tx.orgId, id, redact(body)])
  }
}

/** As JSON text has an id: some writers put a backslash before each slash. */
const inJson = (externalId: ExternalMessageId): Buffer[] =>
  [...new Set([externalId, externalId.replaceAll('/', '\\/')])].map((text) => Buffer.from(text))

/** Which of these words are ids of messages that were taken back. Nobody takes one back before the transaction has ended. */
export async function takenBack(
  tx: Tx,
  channelId: ChannelId,
  words: readonly string[],
): Promise<ReadonlySet<ExternalMessageId>> {
  lockChannel(tx, channelId, 'alone')
  const rows = await tx.rows<{ external_id: ExternalMessageId }>(
    'select external_id from tombstones where org_id = $1 and channel_id = $2 and external_id = any($3)',
    [tx.orgId, channelId, words],
  )
  return new Set(rows.map(({ external_id }) => external_id))
}

export function quarantine(tx: Tx, ids: IdSource, entries: readonly QuarantinedDelivery[]): void {
  insertRows(
    tx,
    'raw_events',
    COLUMNS,
    entries.map((entry) => row(entry, 'QUARANTINED')),
    "on conflict (org_id, id) do update set status = 'QUARANTINED'",
  )
  // Tried again and put aside again: the latest reason stands.
  tx.write('delete from quarantine where org_id = $1 and raw_event_id = any($2)', [
    tx.orgId,
    entries.map(({ delivery }) => delivery.id),
  ])
  insertRows(
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
}

/** bytea as JSON text: PostgreSQL's hexadecimal form. */
export const bytea = (bytes: Uint8Array): string =>
  `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
