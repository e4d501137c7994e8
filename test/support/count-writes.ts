import type { Socket } from 'node:net'
import type { Pool } from 'pg'
import type { Orm } from '../../src/adapters/persistence/transaction.ts'

/** How often the connection of a pool of one wrote to the server from now on. */
export async function countWrites(orm: Orm): Promise<() => number> {
  const pool = (await orm.em.getConnection().getNativeClient()) as Pool
  const client = await pool.connect()
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  client.release()
  let writes = 0
  for (const name of ['_write', '_writev'] as const) {
    const write = stream[name] as (...args: unknown[]) => void
    Object.assign(stream, {
      [name](...args: unknown[]) {
        writes += 1
        return write.apply(stream, args)
      },
    })
  }
  return () => writes
}
