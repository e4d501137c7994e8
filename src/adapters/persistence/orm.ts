import { MikroORM } from '@mikro-orm/postgresql'
import { type Pool, TypeOverrides, types } from 'pg'
import { type ConnectionOptions, connectionConfig, type DatabaseTarget, databaseNameOf } from './connection.ts'
import { entities } from './rows/index.ts'

export type OrmOptions = ConnectionOptions &
  Readonly<{
    poolSize?: number
    /** Connections that broke while nobody used them; the pool has replaced them already. */
    onPoolError?: (error: Error) => void
  }>

const TIMESTAMPTZ = 1184
const TIMESTAMPTZ_ARRAY = 1185

/** Connects with the first statement. Statements outside `transaction.ts` run as the login's own role: none of ours do. */
export function createOrm(target: DatabaseTarget, options: OrmOptions = {}): MikroORM {
  const onPoolCreated = (pool: Pool) => {
    pool.on('error', (error) => options.onPoolError?.(error))
    // The ORM keeps times as text and parses what its entities name; our own statements want Dates, and it takes those too.
    const parsers = pool.options.types
    if (!(parsers instanceof TypeOverrides)) throw new Error('the ORM no longer hands its type parsers to the pool')
    for (const oid of [TIMESTAMPTZ, TIMESTAMPTZ_ARRAY]) parsers.setTypeParser(oid, types.getTypeParser(oid))
  }
  return new MikroORM({
    entities: [...entities],
    dbName: databaseNameOf(target),
    driverOptions: { ...connectionConfig(target, options), onPoolCreated },
    pool: { min: 0, max: options.poolSize ?? 10, idleTimeoutMillis: 30_000 },
    discovery: { inferDefaultValues: false, warnWhenNoEntities: false },
    schemaGenerator: { managementDbName: databaseNameOf(target) },
    ensureDatabase: false,
  })
}
