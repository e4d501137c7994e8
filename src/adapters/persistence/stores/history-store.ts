import { NotFound } from '../../../core/errors.ts'
import type { ExternalMessageId } from '../../../core/ids.ts'
import type { HistoryStore, ImportRecord } from '../../../ports/history-store.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { Tx } from '../transaction.ts'
import { insertRows } from './insert-rows.ts'
import { bytea } from './raw-events.ts'

type Row = {
  id: ImportRecord['id']
  state: ImportRecord['state']
  since: Date
  max_conversations: number
  cursor: string | null
  conversations: number
  updated_at: Date
}

const SELECT = 'select id, state, since, max_conversations, cursor, conversations, updated_at from history_imports'

const record = (row: Row | undefined): ImportRecord | null =>
  row === undefined
    ? null
    : {
        id: row.id,
        state: row.state,
        since: row.since,
        maxConversations: row.max_conversations,
        cursor: row.cursor,
        conversations: row.conversations,
        updatedAt: row.updated_at,
      }

export const createHistoryStore = (tx: Tx, { ids }: { ids: IdSource }): HistoryStore => ({
  async about(channelId) {
    const [row] = await tx.rows<{ created_at: Date; last_sweep_at: Date | null }>(
      `select c.created_at, s.last_sweep_at from channels c
       left join channel_sweeps s on s.org_id = c.org_id and s.channel_id = c.id where c.org_id = $1 and c.id = $2`,
      [tx.orgId, channelId],
    )
    if (!row) throw new NotFound('channel')
    return { connectedAt: row.created_at, lastSweepAt: row.last_sweep_at }
  },

  async running(channelId) {
    const [row] = await tx.rows<Row>(
      `${SELECT} where org_id = $1 and channel_id = $2 and state = 'RUNNING' for update`,
      [tx.orgId, channelId],
    )
    return record(row)
  },

  async find(id) {
    const [row] = await tx.rows<Row>(`${SELECT} where org_id = $1 and id = $2`, [tx.orgId, id])
    return record(row)
  },

  async start(id, channelId, { since, maxConversations }, now) {
    await tx.affected(
      `insert into history_imports (id, org_id, channel_id, since, max_conversations, requested_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $6)`,
      [id, tx.orgId, channelId, since, maxConversations, now],
    )
  },

  async imported(id, messages, now) {
    await tx.affected(
      'update history_imports set imported = imported + $3, updated_at = $4 where org_id = $1 and id = $2',
      [tx.orgId, id, messages, now],
    )
  },

  async advance(id, from, { cursor, conversations, checked }, now) {
    const rows = await tx.affected(
      `update history_imports set cursor = $4, conversations = conversations + $5, checked = checked + $6, updated_at = $7
       where org_id = $1 and id = $2 and state = 'RUNNING' and cursor is not distinct from $3`,
      [tx.orgId, id, from, cursor, conversations, checked, now],
    )
    return rows > 0
  },

  async end(id, failure, now) {
    await tx.affected(
      `update history_imports set state = $3, failure_code = $4, failure_detail = $5, updated_at = $6, finished_at = $6
       where org_id = $1 and id = $2 and state = 'RUNNING'`,
      [tx.orgId, id, failure ? 'FAILED' : 'DONE', failure?.code ?? null, failure?.detail ?? null, now],
    )
  },

  async unknown(channelId, externalIds) {
    if (externalIds.length === 0) return []
    const rows = await tx.rows<{ id: ExternalMessageId }>(
      `select e.id from unnest($3::text[]) as e (id)
       where not exists (select from message_parts p where p.org_id = $1 and p.channel_id = $2 and p.external_id = e.id)
         and not exists (select from tombstones g where g.org_id = $1 and g.channel_id = $2 and g.external_id = e.id)`,
      [tx.orgId, channelId, externalIds],
    )
    return rows.map(({ id }) => id)
  },

  async found(channelId, messages, now) {
    await tx.affected(
      `insert into channel_sweeps (channel_id, org_id, next_at, found, last_found_at) values ($2, $1, $4, $3, $4)
       on conflict (channel_id) do update set found = channel_sweeps.found + $3, last_found_at = $4`,
      [tx.orgId, channelId, messages, now],
    )
  },

  async swept(channelId, startedAt, checked) {
    await tx.affected(
      `insert into channel_sweeps (channel_id, org_id, next_at, last_sweep_at, checked) values ($2, $1, $3, $3, $4)
       on conflict (channel_id) do update set last_sweep_at = $3, checked = $4`,
      [tx.orgId, channelId, startedAt, checked],
    )
  },

  plan: async (queue, payload) =>
    insertRows(tx, 'jobs', { id: 'uuid', queue: 'text', payload: 'bytea' }, [
      { id: ids.next(), queue, payload: bytea(Buffer.from(JSON.stringify({ orgId: tx.orgId, ...payload }))) },
    ]),
})
