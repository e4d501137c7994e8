import type { Socket } from 'node:net'
import { MikroORM } from '@mikro-orm/postgresql'
import { type Pool, type PoolClient, TypeOverrides, types } from 'pg'
import { keepPlans } from '../postgres-kit/plans.ts'
import { type ConnectionOptions, connectionConfig, type DatabaseTarget, databaseNameOf } from './connection.ts'
import { entities } from './rows/index.ts'

export type OrmOptions = ConnectionOptions &
  Readonly<{
    poolSize?: number
    /** How long a statement waits for a server that says nothing. */
    silenceMs?: number
    /** How long a connection keeps its plans. */
    plansForMs?: number
    /** Connections that broke while nobody used them; the pool has replaced them already. */
    onPoolError?: (error: Error) => void
  }>

/** The server's own limits are of no use where nothing comes from it any more. Before a batch counts as hanging (30 s). */
const SILENCE_MS = 25_000

const TIMESTAMPTZ = 1184
const TIMESTAMPTZ_ARRAY = 1185

/** Connects with the first statement. Statements outside `transaction.ts` run as the login's own role: none of ours do. */
export function createOrm(target: DatabaseTarget, options: OrmOptions = {}): MikroORM {
  const onPoolCreated = (pool: Pool) => {
    pool.on('error', (error) => options.onPoolError?.(error))
    pool.on('connect', endWhenSilent)
    keepPlans(pool, options.plansForMs)
    // The ORM keeps times as text and parses what its entities name; our own statements want Dates, and it takes those too.
    const parsers = pool.options.types
    if (!(parsers instanceof TypeOverrides)) throw new Error('the ORM no longer hands its type parsers to the pool')
    for (const oid of [TIMESTAMPTZ, TIMESTAMPTZ_ARRAY]) parsers.setTypeParser(oid, types.getTypeParser(oid))
  }
  return new MikroORM({
    entities: [...entities],
    dbName: databaseNameOf(target),
    driverOptions: {
      ...connectionConfig(target, options),
      query_timeout: options.silenceMs ?? SILENCE_MS,
      onPoolCreated,
    },
    pool: { min: 0, max: options.poolSize ?? 10, idleTimeoutMillis: 30_000 },
    discovery: { inferDefaultValues: false, warnWhenNoEntities: false },
    schemaGenerator: { managementDbName: databaseNameOf(target) },
    ensureDatabase: false,
  })
}

/** A rollback on a connection that fell silent would wait for it as long again. */
function endWhenSilent(client: PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  const ended = (error: unknown) => {
    if (error instanceof Error && error.message === 'Query read timeout') stream.destroy()
    throw error
  }
  const guarded = (...args: unknown[]) => {
    const sent = query(...args)
    return sent instanceof Promise ? sent.catch(ended) : sent
  }
  client.query = guarded as typeof client.query
}
