import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { ServerName } from './cluster.ts'
import type { Servers } from './ground.ts'
import type { Fault } from './nemesis.ts'

type Of<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>

/** A time in which something was broken: a server down, an api process not at its best. */
export type Period = Readonly<{ what: ServerName | 'api'; from: Date; to: Date }>

export async function killServers(
  on: Servers,
  { servers, forMs }: Of<'killed-server'>,
  down: (period: Period) => void,
): Promise<void> {
  const from = new Date()
  await Promise.all(servers.map((name) => on[name].kill()))
  await sleep(forMs)
  await Promise.all(
    servers.map(async (name) => {
      await on[name].start()
      down({ what: name, from, to: new Date() })
    }),
  )
}

export async function stopServer(on: Servers, { server, forMs }: Of<'stopped-server'>): Promise<void> {
  on[server].pause()
  try {
    await sleep(forMs)
  } finally {
    on[server].resume()
  }
}

export async function raiseAlarm({ rabbit }: Servers, { of, forMs }: Of<'alarm'>): Promise<void> {
  const clear = await rabbit.alarm(of)
  await sleep(forMs)
  await clear()
}

/** Read-only, as after a failover to a copy; or full: nobody gets a further connection, and everybody has lost theirs. */
export async function breakDatabase({ adminUrl }: Servers, { is, forMs }: Of<'database'>): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl, options: '-c default_transaction_read_only=off' })
  admin.on('error', () => {})
  await admin.connect()
  const [begin, end] = is === 'read-only' ? READ_ONLY : FULL
  try {
    for (const statement of begin) await admin.query(statement)
    if (!(await isSo(admin, is))) throw new Error(`The database is not ${is}.`)
    await sleep(forMs)
  } finally {
    for (const statement of end) await admin.query(statement)
    await admin.end()
  }
}

const RELOAD = 'select pg_reload_conf()'
const READ_ONLY = [
  ['alter system set default_transaction_read_only = on', RELOAD],
  ['alter system reset default_transaction_read_only', RELOAD],
] as const
const FULL = [
  [
    'alter role dc_login connection limit 0',
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'dc_login'`,
  ],
  ['alter role dc_login connection limit -1'],
] as const

async function isSo(admin: pg.Client, is: 'read-only' | 'full'): Promise<boolean> {
  const sql =
    is === 'read-only'
      ? `select setting = 'on' as so from pg_file_settings where name = 'default_transaction_read_only'`
      : `select rolconnlimit = 0 as so from pg_roles where rolname = 'dc_login'`
  return (await admin.query<{ so: boolean }>(sql)).rows[0]?.so === true
}

export async function breakNetwork(on: Servers, { server, role, does, forMs }: Of<'network'>): Promise<void> {
  const roles = role === 'all' ? [...on.ways.keys()] : [role]
  const proxies = roles.flatMap((one) => on.ways.get(one)?.[server] ?? [])
  if (does === 'reset') {
    for (const proxy of proxies) proxy.reset()
    return
  }
  for (const proxy of proxies) proxy.set(does.direction, does.mode)
  try {
    await sleep(forMs)
  } finally {
    for (const proxy of proxies) await proxy.heal()
  }
}
