import type { Pool } from 'pg'
import type { SessionRecord, SessionRecords } from '../../ports/session-records.ts'
import { translated } from './sql-errors.ts'

const RECORD = 'select id_hash as "idHash", data, used_at as "usedAt" from sessions'

/** Sessions in the database, over connections of the system role. Housekeeping deletes what has expired. */
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
      const text = `${RECORD} where id_hash = $1 and expires_at > now()`
      const { rows } = await query<SessionRecord>('session-get', text, [idHash])
      return rows[0] ?? null
    },
    async set(idHash, data, expiresAt, userId) {
      const text = `insert into sessions (id_hash, user_id, data, expires_at) values ($1, $2, $3, $4)
        on conflict (id_hash) do update set user_id = excluded.user_id, data = excluded.data, expires_at = excluded.expires_at`
      await query('session-set', text, [idHash, userId, JSON.stringify(data), expiresAt])
    },
    async touch(idHash, usedAt) {
      await query('session-touch', 'update sessions set used_at = $2 where id_hash = $1', [idHash, usedAt])
    },
    async destroy(idHash) {
      const { rowCount } = await query('session-destroy', 'delete from sessions where id_hash = $1', [idHash])
      return rowCount === 1
    },
    async move(idHash, next) {
      const text = `with gone as (delete from sessions where id_hash = $1 and expires_at > now() returning used_at)
        insert into sessions (id_hash, user_id, data, expires_at, used_at)
        select $2::text, $3::uuid, $4::jsonb, $5::timestamptz, used_at from gone`
      const values = [idHash, next.idHash, next.userId, JSON.stringify(next.data), next.expiresAt]
      return (await query('session-move', text, values)).rowCount === 1
    },
    async ofUser(userId) {
      const text = `${RECORD} where user_id = $1 and expires_at > now()`
      return (await query<SessionRecord>('sessions-of-user', text, [userId])).rows
    },
  }
}
