import { Pool } from 'pg'
import { keepPlans } from '../postgres-kit/plans.ts'
import { type ConnectionOptions, connectionConfig, type DatabaseTarget } from './connection.ts'

export type SystemPoolOptions = Omit<ConnectionOptions, 'role'> &
  Readonly<{
    size?: number
    statementTimeoutMs?: number
    /** Connections that broke while nobody used them; the pool has replaced them already. */
    onError?: (error: Error) => void
  }>

/** A queue is empty at one moment and full at the next. */
const QUEUE_PLANS_FOR_MS = 5_000

/**
 * Connections as `dc_system`, for what runs by itself: jobs, event numbering, lanes, listening. A caller waits at most
 * `connectTimeoutMs` for one. The role is set on each connection, not asked for at its start: PgBouncer refuses that.
 */
export function createSystemPool(target: DatabaseTarget, options: SystemPoolOptions = {}): Pool {
  const timeout = options.statementTimeoutMs ?? 15_000
  const pool = new Pool({
    ...connectionConfig(target, { applicationName: 'delightchat-system', ...options }),
    // The server's own limit is of no use where nothing comes from it any more.
    query_timeout: timeout + 5_000,
    max: options.size ?? 4,
    idleTimeoutMillis: 30_000,
    onConnect: async (client) => {
      await client.query(
        `set role dc_system; set statement_timeout = ${timeout}; set idle_in_transaction_session_timeout = ${timeout}`,
      )
    },
  })
  pool.on('connect', (client) => client.on('error', () => {}))
  keepPlans(pool, QUEUE_PLANS_FOR_MS)
  pool.on('error', (error) => options.onError?.(error))
  return pool
}
