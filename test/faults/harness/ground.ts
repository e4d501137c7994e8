import { mkdtempSync, rmSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInstagramSimulator, type InstagramSimulator } from '../../../dev/instagram-simulator/index.ts'
import { topologyOf } from '../../../src/adapters/messaging/topology.ts'
import { readPostmasterFile } from '../../../src/adapters/persistence/embedded/postmaster.ts'
import { descendants, killAll, waitFor } from '../../support/processes.ts'
import { processesOn } from '../../support/program.ts'
import { type Cluster, type ClusterRabbit, type ClusterServer, createCluster, type ServerName } from './cluster.ts'
import { type Fleet, type FleetRole, startFleet } from './fleet.ts'
import { readSnapshot, type Snapshot } from './snapshot.ts'
import type { TcpProxy } from './tcp-proxy.ts'

/** Where a run takes place: the program, what it stands on, and the platform. */
export type Ground = Readonly<{
  simulator: InstagramSimulator
  fleet: Fleet
  /** Null in the embedded profile. */
  servers: Servers | null
  snapshot(): Promise<Snapshot>
  /** The embedded database; does nothing where there is none. */
  killDatabase(what: 'postmaster' | 'all'): void
  close(): Promise<void>
}>

export type Servers = Readonly<{
  cluster: Cluster
  postgres: ClusterServer
  rabbit: ClusterRabbit
  redis: ClusterServer
  /** Of the database, past the proxies, as a superuser. */
  adminUrl: string
  /** Each role has a way of its own to each server. */
  ways: ReadonlyMap<FleetRole, Readonly<Record<ServerName, TcpProxy>>>
}>

const ROLES = [
  ['api', 2],
  ['inbound', 2],
  ['outbound', 2],
  ['relay', 2],
  ['scheduler', 1],
] as const
/** Two pools of ten and a few besides, for each process; while one ends, the next begins. */
const MOST_CONNECTIONS = 500

/** As Meta comes again: at once, then less and less often. */
const COMES_AGAIN_AFTER_MS = [300, 700, 1_000, 2_000, 3_000, ...Array.from({ length: 400 }, () => 5_000)]

const simulatorFor = () => createInstagramSimulator({ webhookRetryAfterMs: COMES_AGAIN_AFTER_MS })

async function commonEnv(simulator: InstagramSimulator) {
  const folder = mkdtempSync(join(tmpdir(), 'dc-fleet-'))
  await chmod(folder, 0o755)
  const env = {
    DATA_DIR: folder,
    INSTAGRAM_GRAPH_URL: simulator.url,
    FACEBOOK_GRAPH_URL: simulator.url,
    // Uploads are refused without one.
    PUBLIC_URL: 'https://inbox.example',
    LOG_LEVEL: 'warn',
  }
  const remove = () => {
    killAll(processesOn(folder))
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  return { folder, env, remove }
}

/** Every role as in production, on real servers of its own, each behind a proxy. */
export async function servicesGround(random: () => number): Promise<Ground> {
  const cluster = createCluster({ random, postgres: { maxConnections: MOST_CONNECTIONS } })
  const simulator = await simulatorFor()
  const { env, remove } = await commonEnv(simulator)
  let fleet: Fleet | null = null
  const close = async () => {
    await fleet?.close()
    await simulator.close()
    await cluster.close()
    remove()
  }
  try {
    const [rabbit, redis, database] = await Promise.all([cluster.rabbit(), cluster.redis(), cluster.database()])
    const postgres = await cluster.postgres()
    const urls = { postgres: database.url, rabbit: rabbit.url, redis: redis.url }
    const ways = new Map<FleetRole, Record<ServerName, TcpProxy>>()
    const envs = new Map<FleetRole, Record<string, string>>()
    for (const [role] of ROLES) {
      const [toPostgres, toRabbit, toRedis] = await Promise.all([postgres.another(), rabbit.another(), redis.another()])
      ways.set(role, { postgres: toPostgres.proxy, rabbit: toRabbit.proxy, redis: toRedis.proxy })
      envs.set(role, {
        ...env,
        DATABASE_URL: atPort(urls.postgres, toPostgres.proxy.port),
        RABBITMQ_URL: toRabbit.url,
        REDIS_URL: toRedis.url,
      })
    }
    fleet = await startFleet({ roles: ROLES, env: (role) => envs.get(role) ?? env })
    await fleet.whole()
    await queuesElect(rabbit)
    return {
      simulator,
      fleet,
      servers: { cluster, postgres, rabbit, redis, adminUrl: database.directAdminUrl, ways },
      snapshot: () => readSnapshot(database.directAdminUrl, rabbit.directUrl),
      killDatabase() {},
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Nothing but the npm packages: one process, and the database that it brings along. */
export async function embeddedGround(): Promise<Ground> {
  const simulator = await simulatorFor()
  const { folder, env, remove } = await commonEnv(simulator)
  const dataDir = join(folder, 'pg')
  const fleet = await startFleet({ roles: [['all', 1]], env: () => env })
  const close = async () => {
    await fleet.close()
    await simulator.close()
    remove()
  }
  await fleet.whole().catch(async (error: unknown) => {
    await close()
    throw error
  })
  return {
    simulator,
    fleet,
    servers: null,
    snapshot() {
      const { socketDir, port } = readPostmasterFile(dataDir) ?? {}
      const query = new URLSearchParams({ host: String(socketDir), port: String(port), user: 'bootstrap' })
      return readSnapshot(`postgres:///delightchat?${query}`, null)
    },
    killDatabase(what) {
      const pid = readPostmasterFile(dataDir)?.pid
      if (pid) killAll(what === 'all' ? [pid, ...descendants(pid)] : [pid])
    },
    close,
  }
}

/** RabbitMQ 3.10 that is killed within a second of declaring a quorum queue may never elect a leader for it. */
async function queuesElect({ ctl }: ClusterRabbit): Promise<void> {
  const names = topologyOf({ prefix: 'delightchat.' }).queues.map(({ queue }) => queue)
  await waitFor(async () => {
    const running = (await ctl('list_queues', 'name', 'state', 'leader'))
      .split('\n')
      .filter((line) => /\trunning\t.+@/.test(line))
    return names.every((name) => running.some((line) => line.startsWith(`${name}\t`)))
  }, 180_000)
}

function atPort(url: string, port: number): string {
  const address = new URL(url)
  address.port = String(port)
  return address.toString()
}
