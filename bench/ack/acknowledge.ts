import { type Child, startChild } from '../child.ts'
import { personOf, signedDirectMessage } from '../direct-messages.ts'
import type { Row } from '../figures.ts'
import type { BenchOptions } from '../options.ts'
import { startApi } from '../our-processes.ts'
import type { Shop } from '../seed.ts'
import { Shutdown } from '../shutdown.ts'
import { configOf, type Site } from '../site.ts'
import type { FloorOrder, FloorReady } from './floor.ts'
import { fullyLoaded, type Intake, intakeOf } from './intake.ts'
import type { LoadResult } from './load.ts'

const WARM_UP_SECONDS = 3
/** Group commit has little to gain where the broker takes single messages well. */
const TARGETS = { rabbitmq: 0.85, database: 1.5 } as const

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
    const sides = [intakeOf(site, 'ours', api), intakeOf(site, 'floor', floor)]
    const deliveries = shops.map((shop) => signedDirectMessage(shop, personOf(1), new Date()))
    const run = (side: Intake, forSeconds: number) =>
      fullyLoaded(site, side, generator, { deliveries, seconds: forSeconds })
    for (const side of sides) await run(side, Math.min(seconds, WARM_UP_SECONDS))
    const results: Record<Intake['name'], LoadResult[]> = { ours: [], floor: [] }
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

function rowOf(results: Record<Intake['name'], LoadResult[]>, target: number): Row {
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
