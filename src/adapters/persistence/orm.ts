import type { Socket } from 'node:net'
import { MikroORM } from '@mikro-orm/postgresql'
import { type Pool, type PoolClient, type QueryResult, TypeOverrides, types } from 'pg'
import { keepPlans } from '../postgres-kit/plans.ts'
import { type ConnectionOptions, connectionConfig, type DatabaseTarget, databaseNameOf } from './connection.ts'
import { entities } from './rows/index.ts'

export type OrmOptions = ConnectionOptions &
  Readonly<{
    poolSize?: number
    /** How long a server may say nothing while any statement waits. */
    silenceMs?: number
    /** How long a connection keeps its plans at most. */
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
    pool.on('connect', (client) => {
      endWhenSilent(client, options.silenceMs ?? SILENCE_MS)
      sendBeginOn(client)
      writeTogether(client)
    })
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
      // Statements of one transaction are sent without waiting for the answers of those before.
      pipeline: true,
      onPoolCreated,
    },
    pool: { min: 0, max: options.poolSize ?? 10, idleTimeoutMillis: 30_000 },
    discovery: { inferDefaultValues: false, warnWhenNoEntities: false },
    schemaGenerator: { managementDbName: databaseNameOf(target) },
    ensureDatabase: false,
  })
}

/**
 * What is asked for at once leaves in one write. A write of its own for each statement is more work than putting it together, and wakes
 * the server for each.
 */
function writeTogether(client: PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const stream = streamOf(client)
  let isCorked = false
  const together = (...args: unknown[]) => {
    if (!isCorked) {
      isCorked = true
      stream.cork()
      process.nextTick(() => {
        isCorked = false
        stream.uncork()
      })
    }
    return query(...args)
  }
  client.query = together as typeof client.query
}

const BEGINS = /^(begin|start transaction)\b/

/**
 * Whoever begins a transaction need not wait for the answer: what comes next is behind it on the way. Where it is refused what follows is
 * carried out outside of any transaction, as nobody: its answers count for nothing, and the connection is given up, COMMIT with it.
 */
function sendBeginOn(client: PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  let refusal: { reason: Error } | undefined
  const counts = <T>(result: T): T => {
    if (refusal) throw refusal.reason
    return result
  }
  const sentOn = (...args: unknown[]) => {
    const sent = query(...args)
    if (!(sent instanceof Promise)) return sent
    if (typeof args[0] !== 'string' || !BEGINS.test(args[0]))
      return sent.then(counts, (error: unknown) => {
        throw refusal?.reason ?? error
      })
    sent.catch((reason: Error) => {
      refusal ??= { reason }
      streamOf(client).destroy(reason)
    })
    return Promise.resolve({ command: 'BEGIN', rowCount: null, oid: 0, rows: [], fields: [] } satisfies QueryResult)
  }
  client.query = sentOn as typeof client.query
}

const streamOf = (client: PoolClient): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream

/**
 * The driver's own limit runs for each statement from when it was sent, so that one behind others would be given up while the server
 * answers those. And nothing else may be sent on a connection that fell silent: a rollback would wait as long again. What answers by a
 * callback or a cursor is not counted, and not used here.
 */
function endWhenSilent(client: PoolClient, silenceMs: number): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const stream = streamOf(client)
  let asked = 0
  let timer: NodeJS.Timeout | undefined
  const answered = () => {
    asked--
    if (asked > 0) return
    clearTimeout(timer)
    timer = undefined
  }
  const counted = (...args: unknown[]) => {
    const sent = query(...args)
    if (sent instanceof Promise) {
      asked++
      timer ??= setTimeout(() => stream.destroy(new Error('Query read timeout')), silenceMs)
      sent.then(answered, answered)
    }
    return sent
  }
  client.query = counted as typeof client.query
  stream.on('data', () => timer?.refresh())
}
