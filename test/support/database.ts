import type { Pool } from 'pg'
import { type DatabaseTarget, withDatabase } from '../../src/adapters/persistence/connection.ts'
import { createOrm, type OrmOptions } from '../../src/adapters/persistence/orm.ts'
import { createSystemPool, type SystemPoolOptions } from '../../src/adapters/persistence/system-pool.ts'
import type { Orm } from '../../src/adapters/persistence/transaction.ts'
import { embeddedTestServer } from './embedded-server.ts'
import { type Profile, servicesUrl } from './profiles.ts'
import { createTestDatabase, dropTestDatabase, letLoginIn, TEST_LOGIN_PASSWORD } from './template.ts'

export { onEachProfile, type Profile, profiles } from './profiles.ts'

export type TestDatabase = Readonly<{
  profile: Profile
  /** As processes log in: dc_login. */
  target: DatabaseTarget
  /** As db:push logs in: the owner. Only for what the product does with it, and to look from outside. */
  admin: DatabaseTarget
  /** The same two for processes of their own (DATABASE_URL, DATABASE_ADMIN_URL). */
  url: string
  adminUrl: string
  /** Closed with the database. */
  orm(options?: OrmOptions): Orm
  systemPool(options?: SystemPoolOptions): Pool
  /** Drops the database, and leaves the server. */
  close(): Promise<void>
}>

type Server = Readonly<{ admin: DatabaseTarget; login: DatabaseTarget; leave(): Promise<void> }>

async function serverOf(profile: Profile): Promise<Server> {
  if (profile === 'services') {
    const login = new URL(servicesUrl())
    login.username = 'dc_login'
    login.password = TEST_LOGIN_PASSWORD
    return { admin: { url: servicesUrl() }, login: { url: login.toString() }, leave: async () => {} }
  }
  const server = await embeddedTestServer()
  const place = { host: server.socketDir, port: server.port, dbName: 'postgres' }
  return {
    admin: { ...place, user: server.adminUser },
    login: { ...place, user: 'dc_login' },
    leave: () => server.close(),
  }
}

function urlOf(target: DatabaseTarget): string {
  if ('url' in target) return target.url
  const { host, port, user, dbName } = target
  return `postgres:///${dbName}?${new URLSearchParams({ host, port: String(port), user })}`
}

/** A migrated database for one test file, on the profile's server. */
export async function testDatabase(profile: Profile): Promise<TestDatabase> {
  const server = await serverOf(profile)
  const name = await createTestDatabase(server.admin)
  const target = withDatabase(server.login, name)
  const admin = withDatabase(server.admin, name)
  await letLoginIn(admin, target)
  const closers: (() => Promise<void>)[] = []
  return {
    profile,
    target,
    admin,
    url: urlOf(target),
    adminUrl: urlOf(admin),
    orm(options) {
      const orm = createOrm(target, options)
      closers.push(() => orm.close(true))
      return orm
    },
    systemPool(options) {
      const pool = createSystemPool(target, options)
      closers.push(async () => {
        if (!pool.ended) await pool.end()
      })
      return pool
    },
    async close() {
      await Promise.all(closers.map((close) => close()))
      await dropTestDatabase(server.admin, name)
      await server.leave()
    },
  }
}
