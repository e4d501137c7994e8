import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild } from '../child.ts'
import { personOf, signedDirectMessage } from '../direct-messages.ts'
import type { Row } from '../figures.ts'
import type { BenchOptions } from '../options.ts'
import { startApi } from '../our-processes.ts'
import type { Shop } from '../seed.ts'
import { Shutdown } from '../shutdown.ts'
import { configOf, type Site } from '../site.ts'
import type { FloorOrder, FloorReady } from './floor.ts'
import type { LoadOrder, LoadResult } from './load.ts'

const CONNECTIONS = 64
const WARM_UP_SECONDS = 3
/** Group commit has little to gain where the broker takes single messages well. */
const TARGETS = { rabbitmq: 0.85, database: 1.5 } as const

type Side = Readonly<{ name: 'ours' | 'floor'; url: string; countStored: () => Promise<number> }>

/** Webhook acknowledgement: our api role against a bare Express with the same durability. */
export async function measureAcknowledgement(
  site: Site,
  shops: readonly Shop[],
  { rounds, seconds }: BenchOptions,
  say: (line: string) => void,
): Promise<Row> {
  const shutdown = new Shutdown()
  try {
    const api = await shutdown.owns(startApi(site.environment), ({ child }) => child.stop())
    const floor = await shutdown.owns(startFloor(site, shops), ({ child }) => child.stop())
    const generator = await shutdown.owns(Promise.resolve(startChild('bench/ack/load.ts', [], {})), (child) =>
      child.stop(),
    )
    const sides = sidesOf(site, api.url, floor.url)
    const deliveries = shops.map((shop) => signedDirectMessage(shop, personOf(1), new Date()))
    const run = async (side: Side, forSeconds: number) => {
      await site.clear()
      const order: LoadOrder = { url: side.url, connections: CONNECTIONS, seconds: forSeconds, deliveries }
      generator.send(order)
      const result = await Promise.race([generator.answer<LoadResult>(), api.child.alive, floor.child.alive])
      await check(side, result)
      return result
    }
    for (const side of sides) await run(side, Math.min(seconds, WARM_UP_SECONDS))
    const results: Record<Side['name'], LoadResult[]> = { ours: [], floor: [] }
    for (let round = 1; round <= rounds; round++) {
      // Who goes first changes, so that a machine that tires is fair.
      for (const side of round % 2 === 1 ? sides : sides.toReversed()) {
        const result = await run(side, seconds)
        results[side.name].push(result)
        say(`ack ${round}/${rounds}, ${side.name}: ${Math.round(result.perSecond)} requests/s, p99 ${result.p99Ms} ms`)
      }
    }
    return rowOf(results, site.broker ? TARGETS.rabbitmq : TARGETS.database)
  } finally {
    await shutdown.close()
  }
}

function rowOf(results: Record<Side['name'], LoadResult[]>, target: number): Row {
  const measure = (what: string, unit: string, of: (result: LoadResult) => number, least: number | null) => ({
    what,
    unit,
    ours: results.ours.map(of),
    floor: results.floor.map(of),
    target: least,
  })
  return {
    name: 'webhook acknowledgement',
    measures: [
      measure('throughput', 'requests/s', ({ perSecond }) => perSecond, target),
      measure('p50', 'ms', ({ p50Ms }) => p50Ms, null),
      measure('p99', 'ms', ({ p99Ms }) => p99Ms, null),
    ],
  }
}

async function startFloor(site: Site, shops: readonly Shop[]): Promise<{ child: Child; url: string }> {
  const child = startChild('bench/ack/floor.ts', [], {})
  const order: FloorOrder = {
    channels: shops.map(({ channelId, orgId, appSecret }) => ({ id: channelId, orgId, appSecret })),
    handOff: site.broker
      ? { rabbitmqUrl: site.broker.url, queue: site.broker.floorQueue }
      : { database: site.database.runtime, poolSize: configOf(site.environment, 'api').config.databasePoolSize },
  }
  child.send(order)
  return { child, ...(await child.answer<FloorReady>()) }
}

function sidesOf({ broker, database }: Site, ours: string, floor: string): readonly Side[] {
  const countOf = (queue: string | undefined) => () =>
    broker && queue !== undefined ? broker.count(queue) : database.countJobs('inbound')
  return [
    { name: 'ours', url: ours, countStored: countOf(broker?.workQueue) },
    { name: 'floor', url: floor, countStored: countOf(broker?.floorQueue) },
  ]
}

/** What was acknowledged is there, or the figures mean nothing. */
async function check({ name, countStored }: Side, { acknowledged, refused }: LoadResult): Promise<void> {
  if (refused > 0) throw new Error(`${name}: ${refused} deliveries were not answered with 200`)
  // A broker tells how many it has a little later.
  for (let wait = 0; wait < 50; wait++) {
    if ((await countStored()) >= acknowledged) return
    await sleep(100)
  }
  throw new Error(`${name}: ${acknowledged} deliveries were acknowledged and ${await countStored()} are stored`)
}
