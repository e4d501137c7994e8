import type { Pool } from 'pg'
import type { UserId } from '../../core/ids.ts'
import { translated } from './sql-errors.ts'

export type SessionData = Readonly<Record<string, unknown>>

/** Sessions in the database, under the hash of their id; over connections of the system role. */
export type SessionRecords = Readonly<{
  /** Null once it has expired, whether or not it was pruned. */
  get(idHash: string): Promise<SessionData | null>
  set(idHash: string, data: SessionData, expiresAt: Date, userId: UserId | string | null): Promise<void>
  /** Moves the end of a session that is there. */
  touch(idHash: string, expiresAt: Date): Promise<void>
  destroy(idHash: string): Promise<void>
  /** Deletes what has expired: how many. */
  prune(): Promise<number>
}>

export function createSessionRecords({ pool }: { pool: Pool }): SessionRecords {
  const query = async <T extends object>(name: string, text: string, values: unknown[]) => {
    try {
      return await pool.query<T>({ name, text, values })
    } catch (error) {
      throw translated(error)
    }
  }
  return {
    async get(idHash) {
      const text = 'select data from sessions where id_hash = $1 and expires_at > now()'
      const { rows } = await query<{ data: SessionData }>('session-get', text, [idHash])
      return rows[0]?.data ?? null
    },
    async set(idHash, data, expiresAt, userId) {
      const text = `insert into sessions (id_hash, user_id, data, expires_at) values ($1, $2, $3, $4)
        on conflict (id_hash) do update set user_id = excluded.user_id, data = excluded.data, expires_at = excluded.expires_at`
      await query('session-set', text, [idHash, userId, JSON.stringify(data), expiresAt])
    },
    async touch(idHash, expiresAt) {
      await query('session-touch', 'update sessions set expires_at = $2 where id_hash = $1', [idHash, expiresAt])
    },
    async destroy(idHash) {
      await query('session-destroy', 'delete from sessions where id_hash = $1', [idHash])
    },
    async prune() {
      return (await query('session-prune', 'delete from sessions where expires_at <= now()', [])).rowCount ?? 0
    },
  }
}
