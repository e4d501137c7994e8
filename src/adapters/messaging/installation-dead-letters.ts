import type pg from 'pg'
import type { InstallationDeadLetter, InstallationDeadLetters } from '../../ports/dead-letter-store.ts'
import * as sql from './postgres-queue-sql.ts'

/** Sessions of the pool run as `dc_system`. What is revived is found when the workers look next, within a second. */
export const createInstallationDeadLetters = (pool: pg.Pool): InstallationDeadLetters => ({
  list: async (limit) => (await pool.query<InstallationDeadLetter>(sql.DEAD_LETTERS, [limit])).rows,
  revive: async (id) => (await pool.query<{ revived: number }>(sql.REVIVE, [id])).rows[0]?.revived ?? 0,
})
