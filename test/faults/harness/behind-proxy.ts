import { join } from 'node:path'
import { type DatabaseTarget, databaseNameOf } from '../../../src/adapters/persistence/connection.ts'
import { createOrm } from '../../../src/adapters/persistence/orm.ts'
import { createSystemPool } from '../../../src/adapters/persistence/system-pool.ts'
import type { TestDatabase } from '../../support/database.ts'
import { onServer } from '../../support/template.ts'
import { createTcpProxy, type TcpProxy } from './tcp-proxy.ts'

const NAME = 'behind-proxy'

export type ProxiedDatabase = TestDatabase &
  Readonly<{
    proxy: TcpProxy
    /** As its operator; ends the sessions that come this way, so that what was set holds for all of them. */
    alter(change: string): Promise<void>
  }>

/** The same database over a network that can be broken; `close` leaves it there. */
export async function behindProxy(db: TestDatabase): Promise<ProxiedDatabase> {
  const proxy = await createTcpProxy({ target: placeOf(db.target) })
  const target = through(db.target, proxy.port)
  const closers: (() => Promise<unknown>)[] = []
  return {
    ...db,
    target,
    url: 'url' in target ? target.url : `postgres://${target.user}@${target.host}:${target.port}/${target.dbName}`,
    proxy,
    orm(options) {
      const orm = createOrm(target, { applicationName: NAME, ...options })
      closers.push(() => orm.close(true))
      return orm
    },
    systemPool(options) {
      const pool = createSystemPool(target, { applicationName: NAME, ...options })
      closers.push(async () => pool.ended || pool.end())
      return pool
    },
    alter: (change) =>
      onServer(db.admin, async (client) => {
        // What was altered before holds for this session as well.
        await client.query('set default_transaction_read_only = off')
        await client.query(`alter database ${databaseNameOf(db.admin)} ${change}`)
        await client.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = $1',
          [NAME],
        )
      }),
    async close() {
      await proxy.heal()
      await Promise.all(closers.map((close) => close()))
      await proxy.close()
    },
  }
}

function placeOf(target: DatabaseTarget): number | string {
  if ('url' in target) return Number(new URL(target.url).port || 5432)
  return join(target.host, `.s.PGSQL.${target.port}`)
}

function through(target: DatabaseTarget, port: number): DatabaseTarget {
  if (!('url' in target)) return { ...target, host: '127.0.0.1', port }
  const url = new URL(target.url)
  url.host = `127.0.0.1:${port}`
  return { url: url.toString() }
}
