import type pg from 'pg'
import { Unavailable } from '../../core/errors.ts'

/**
 * Runs one statement and gives up after `timeoutMs`, also on a server that accepts and then says nothing: the connection is
 * destroyed, so that neither the caller nor the pool waits for it.
 */
export function runStatement<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  text: string,
  values: readonly unknown[],
  timeoutMs: number,
): Promise<pg.QueryResult<Row>> {
  return new Promise((resolve, reject) => {
    let client: pg.PoolClient | undefined
    let over = false
    const finish = (settle: () => void, destroy: boolean) => {
      if (over) return
      over = true
      clearTimeout(timer)
      client?.release(destroy)
      // Kept on a destroyed one, which may complain once more.
      if (!destroy) client?.off('error', failed)
      settle()
    }
    const failed = (error: unknown) => finish(() => reject(error), !keepsSession(error))
    const timer = setTimeout(() => {
      finish(() => reject(new Unavailable(`The database did not answer within ${timeoutMs} ms.`)), true)
    }, timeoutMs)
    pool.connect().then((connected) => {
      if (over) return connected.release()
      client = connected
      // A connection that breaks emits besides rejecting; unheard, that would end the process.
      connected.on('error', failed)
      connected.query<Row>(text, [...values]).then((result) => finish(() => resolve(result), false), failed)
    }, failed)
  })
}

/** The server refused this statement and goes on; FATAL and network errors end the session. */
function keepsSession(error: unknown): boolean {
  return (error as { severity?: unknown }).severity === 'ERROR'
}
