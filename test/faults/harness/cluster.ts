import { withDatabase } from '../../../src/adapters/persistence/connection.ts'
import { migrate } from '../../../src/adapters/persistence/database.ts'
import { waitFor } from '../../support/processes.ts'
import { onServer, TEST_LOGIN_PASSWORD } from '../../support/template.ts'
import type { Throwaway } from '../../support/throwaway.ts'
import { type PostgresOptions, throwawayPostgres, whyNoPostgres } from '../../support/throwaway-postgres.ts'
import { type ThrowawayRabbit, throwawayRabbit, whyNoRabbit } from '../../support/throwaway-rabbitmq.ts'
import { throwawayRedis, whyNoRedis } from '../../support/throwaway-redis.ts'
import { createTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export type ServerName = 'postgres' | 'rabbit' | 'redis'

/** A real server of the test's own behind a proxy. */
export type ClusterServer = Readonly<{
  name: ServerName
  /** Through the proxy: for what is tested. */
  url: string
  /** Past the proxy: for whoever looks on. */
  directUrl: string
  proxy: TcpProxy
  /** A further way to it: a partition between the server and one of its clients. */
  another(): Promise<Readonly<{ url: string; proxy: TcpProxy }>>
  /** SIGKILL to all of its processes; whoever connects is refused until `start`. */
  kill(): Promise<void>
  /** In order, as its operator would. */
  stop(): Promise<void>
  /** Again, on the same data and port; resolves when it answers. */
  start(): Promise<void>
  /** SIGSTOP to all of its processes: takes connections and answers nothing. */
  pause(): void
  resume(): void
}>

export type ClusterRabbit = ClusterServer &
  Readonly<{
    /** What the operator types: `ctl('list_queues')`. */
    ctl: ThrowawayRabbit['ctl']
    /** As with a full disk or memory: it blocks whoever publishes. Resolves once it is so to a function that ends it. */
    alarm(kind: 'disk' | 'memory'): Promise<() => Promise<void>>
  }>

/** Addresses of one database: of the processes (dc_login, through the proxy), of db:push, and past the proxy. */
export type ClusterDatabase = Readonly<{ url: string; adminUrl: string; directUrl: string; directAdminUrl: string }>

export type Cluster = Readonly<{
  /** Started when first asked for, and then the same one. */
  postgres(): Promise<ClusterServer>
  rabbit(): Promise<ClusterRabbit>
  redis(): Promise<ClusterServer>
  /** A new, migrated database on the PostgreSQL server. */
  database(): Promise<ClusterDatabase>
  /** Every fault ended: all that was started runs again, and every proxy passes. */
  heal(): Promise<void>
  /** Ends all that was started; a second call does nothing. */
  close(): Promise<void>
}>

export type ClusterOptions = Readonly<{
  postgres?: PostgresOptions
  /** In [0, 1), for jitter. */
  random?: () => number
}>

/** Why there can be no such cluster here, or null. */
export const whyNoCluster = (servers: readonly ServerName[] = ['postgres', 'rabbit', 'redis']): string | null =>
  servers
    .map((name) => ({ postgres: whyNoPostgres, rabbit: whyNoRabbit, redis: whyNoRedis })[name]())
    .find((reason) => reason !== null) ?? null

/** More than any disk has; a value such as 100TB is refused by 3.10. */
const ALARMS = {
  disk: { raise: ['set_disk_free_limit', '1000000000000000'], clear: ['set_disk_free_limit', '50MB'] },
  memory: { raise: ['set_vm_memory_high_watermark', '0.0001'], clear: ['set_vm_memory_high_watermark', '0.4'] },
} as const

/**
 * Servers on private ports and folders, as durable as in production. One test file makes one cluster and closes it in
 * `test.after.always`; should the file end otherwise, its processes end with it.
 */
export function createCluster({ postgres = {}, random }: ClusterOptions = {}): Cluster {
  const servers: Partial<Record<ServerName, Promise<Started>>> = {}
  const proxies: TcpProxy[] = []
  let databases = 0

  async function behindProxy<T extends Throwaway>(name: ServerName, starting: Promise<T>) {
    const throwaway = await starting
    const { url: directUrl } = throwaway
    const front = async () => {
      const proxy = await createTcpProxy({ target: Number(new URL(directUrl).port), ...(random && { random }) })
      proxies.push(proxy)
      return { proxy, url: withPort(directUrl, proxy.port) }
    }
    const own = await front()
    const fronts = [own.proxy]
    const server: ClusterServer = {
      name,
      directUrl,
      ...own,
      async another() {
        const made = await front()
        fronts.push(made.proxy)
        return made
      },
      async kill() {
        await throwaway.kill()
        await Promise.all(fronts.map((proxy) => proxy.refuse()))
      },
      async stop() {
        await throwaway.stop()
        await Promise.all(fronts.map((proxy) => proxy.refuse()))
      },
      async start() {
        await throwaway.start()
        await Promise.all(fronts.map((proxy) => proxy.accept()))
      },
      pause: throwaway.pause,
      resume: throwaway.resume,
    }
    return { server, throwaway }
  }
  type Started = Awaited<ReturnType<typeof behindProxy>> & { server: ClusterServer }

  const started = () => Promise.all(Object.values(servers))
  const one = (name: ServerName, start: () => Promise<Started>): Promise<Started> => (servers[name] ??= start())
  const postgresServer = async () =>
    (await one('postgres', () => behindProxy('postgres', throwawayPostgres({ durable: true, ...postgres })))).server
  let closing: Promise<void> | null = null
  const close = async () => {
    const all = await Promise.allSettled(Object.values(servers))
    await Promise.all(proxies.map((proxy) => proxy.close()))
    await Promise.all(all.map((each) => (each.status === 'fulfilled' ? each.value.throwaway.dispose() : undefined)))
  }

  return {
    postgres: postgresServer,
    redis: async () => (await one('redis', () => behindProxy('redis', throwawayRedis({ durable: true })))).server,
    async rabbit() {
      const { server } = await one('rabbit', async () => {
        const made = await behindProxy('rabbit', throwawayRabbit())
        return { ...made, server: withOperator(made.server, made.throwaway) }
      })
      return server as ClusterRabbit
    },
    async database() {
      const server = await postgresServer()
      const name = `faults_${databases++}`
      await onServer({ url: server.directUrl }, (client) => client.query(`create database ${name}`))
      const directAdmin = withDatabase({ url: server.directUrl }, name)
      await migrate(directAdmin, { loginPassword: TEST_LOGIN_PASSWORD })
      return addresses(server, name)
    },
    async heal() {
      for (const { server, throwaway } of await started()) {
        throwaway.resume()
        if (throwaway.pid() === null) await server.start()
      }
      await Promise.all(proxies.map((proxy) => proxy.heal()))
    },
    close: () => (closing ??= close()),
  }
}

function withOperator(server: ClusterServer, { ctl }: ThrowawayRabbit): ClusterRabbit {
  const alarms = async () => (await ctl('eval', 'length(rabbit_alarm:get_alarms()).')).trim()
  return {
    ...server,
    ctl,
    async alarm(kind) {
      await ctl(...ALARMS[kind].raise)
      // The limits are looked at every ten seconds at the latest.
      await waitFor(async () => (await alarms()) !== '0')
      return async () => {
        await ctl(...ALARMS[kind].clear)
        await waitFor(async () => (await alarms()) === '0')
      }
    },
  }
}

function addresses({ url, directUrl }: ClusterServer, name: string): ClusterDatabase {
  const of = (server: string, login?: readonly [string, string]): string => {
    const address = new URL(server)
    address.pathname = `/${name}`
    if (login) [address.username, address.password] = login
    return address.toString()
  }
  const login = ['dc_login', TEST_LOGIN_PASSWORD] as const
  return {
    url: of(url, login),
    adminUrl: of(url),
    directUrl: of(directUrl, login),
    directAdminUrl: of(directUrl),
  }
}

function withPort(url: string, port: number): string {
  const address = new URL(url)
  address.port = String(port)
  return address.toString()
}
