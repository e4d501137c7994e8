import type { Pool } from 'pg'
import type { IdSource } from '../../ports/id-source.ts'
import type { UnreadableBodies } from '../../ports/unreadable-bodies.ts'
import { translated } from './sql-errors.ts'

// Among the other dead letters of the installation, on every profile, and forgotten with them.
const KEEP = `
insert into jobs (id, queue, state, dead_at, reason, meta, payload)
values ($1, 'unreadable', 'DEAD', now(), $2, $3, $4) on conflict (id) do nothing`

export const createUnreadableBodies = ({ pool, ids }: { pool: Pool; ids: IdSource }): UnreadableBodies => ({
  async keep({ id, body, channelType, receivedAt, requestId }, reason) {
    const meta = { channelType, receivedAt: receivedAt.toISOString(), requestId }
    // Not under its own id: there the delivery itself may still be, and is deleted when it is done.
    const values = [ids.derive(id, 'unreadable'), reason, JSON.stringify(meta), Buffer.from(body)]
    try {
      await pool.query(KEEP, values)
    } catch (error) {
      throw translated(error)
    }
  },
})
