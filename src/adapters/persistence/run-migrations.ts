import { setTimeout as sleep } from 'node:timers/promises'
import { Migrator } from '@mikro-orm/migrations'
import { MikroORM } from '@mikro-orm/postgresql'
import type { Client } from 'pg'
import { codeOf } from '../postgres-kit/errors.ts'
import { connectionConfig, type DatabaseTarget, databaseNameOf } from './connection.ts'
import { MigrationBlocked } from './database-errors.ts'
import { MIGRATION_TABLE, migrations } from './migrations/index.ts'

/**
 * How long a migration waits for a lock on a table. Whoever comes after it stands behind it in the same line, even for what the
 * transaction ahead would let them do: a longer wait would be theirs too.
 */
const LOCK_TIMEOUT_MS = 500
/** From the end of a try to the next one, in which all who stood behind it go ahead. */
const PAUSE_MS = 1_000
const IN_THE_WAY = 'A migration of the database does not get its locks: a transaction that does not end holds them.'

/**
 * Each migration is a transaction of its own: it holds its locks no longer than it takes itself, and is tried again where it
 * does not get them at once. Resolves to how many were applied.
 */
export async function runMigrations(
  target: DatabaseTarget,
  { upTo, patienceMs }: Readonly<{ upTo: string | undefined; patienceMs: number }>,
): Promise<number> {
  const orm = new MikroORM({
    entities: [],
    dbName: databaseNameOf(target),
    driverOptions: {
      ...connectionConfig(target, { applicationName: 'delightchat-migrate' }),
      onConnect: async (client: Client) => {
        await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`)
      },
    },
    pool: { min: 0, max: 1 },
    extensions: [Migrator],
    discovery: { warnWhenNoEntities: false },
    migrations: {
      tableName: MIGRATION_TABLE,
      snapshot: false,
      silent: true,
      allOrNothing: false,
      migrationsList: migrations,
    },
  })
  const waitsUntil = performance.now() + patienceMs
  let applied = 0
  orm.migrator.on('migrated', () => {
    applied += 1
  })
  try {
    for (;;) {
      try {
        await orm.migrator.up(upTo === undefined ? {} : { to: upTo })
        return applied
      } catch (error) {
        if (!isKeptOut(error)) throw error
        if (performance.now() > waitsUntil) throw new MigrationBlocked(IN_THE_WAY, error)
      }
      await sleep(PAUSE_MS)
    }
  } finally {
    await orm.close(true)
  }
}

/** By a lock, or by a deadlock with somebody who waits for ours. */
const isKeptOut = (error: unknown): boolean => ['55P03', '40P01'].includes(codeOf(error) ?? '')
