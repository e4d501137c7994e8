import { setTimeout as sleep } from 'node:timers/promises'
import { createIdSource } from '../../src/adapters/ids.ts'
import type { RawEventId } from '../../src/core/ids.ts'
import type { RawDelivery } from '../../src/ports/webhook-intake.ts'
import { startChild } from '../child.ts'
import { directMessage, newMessageId, personOf } from '../direct-messages.ts'
import type { Row } from '../figures.ts'
import type { BenchOptions } from '../options.ts'
import { startApi, startWorker } from '../our-processes.ts'
import type { Shop } from '../seed.ts'
import { Shutdown } from '../shutdown.ts'
import type { Environment, Site } from '../site.ts'
import { deliver } from './deliver.ts'
import type { FloorOrder, FloorResult } from './floor.ts'
import { messages, openNetwork } from './messages.ts'
import type { Recorded, RecorderOrder } from './recorder.ts'

const PEOPLE = 400
const CONNECTIONS = 4
const TARGET = 2.5
const GIVE_UP_AFTER_MS = 600_000

/** Webhook to visible row: one worker on a full queue against the same statements without batches. */
export async function measureIngestion(
  site: Site,
  shops: readonly Shop[],
  { rounds, events }: BenchOptions,
  say: (line: string) => void,
): Promise<Row> {
  const shutdown = new Shutdown()
  try {
    const people = Math.min(PEOPLE, events)
    const simulator = await shutdown.owns(openNetwork(shops, people), (opened) => opened.close())
    const environment: Environment = {
      ...site.environment,
      DATABASE_POOL_SIZE: String(CONNECTIONS),
      INSTAGRAM_GRAPH_URL: simulator.url,
    }
    const recorded = await record(environment, shops[0] as Shop)
    const api = await shutdown.owns(startApi(site.environment), ({ child }) => child.stop())
    const floor: FloorOrder = {
      database: site.database.runtime,
      connections: CONNECTIONS,
      events,
      people,
      shops,
      recorded,
    }
    const sides = {
      ours: async () => {
        await deliver(api.url, messages(shops, people, events))
        return drain(site, environment, events)
      },
      floor: async () => {
        const child = startChild('bench/ingest/floor.ts', [], {})
        child.send(floor)
        return (await child.answer<FloorResult>().finally(() => child.stop())).seconds
      },
    }
    const results: Record<keyof typeof sides, number[]> = { ours: [], floor: [] }
    for (let round = 1; round <= rounds; round++) {
      for (const name of round % 2 === 1 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const)) {
        await site.clear()
        const perSecond = events / (await sides[name]())
        const stored = (await site.database.progress()).messages
        if (stored !== events) throw new Error(`${name}: ${stored} messages are stored, of ${events}`)
        results[name].push(perSecond)
        say(`ingest ${round}/${rounds}, ${name}: ${Math.round(perSecond)} events/s`)
      }
    }
    await site.clear()
    const measure = { what: 'throughput', unit: 'events/s', ...results, target: TARGET }
    return { name: 'webhook to visible row', measures: [measure] }
  } finally {
    await shutdown.close()
  }
}

/** Seconds from the first transaction of a new worker until the last message can be read. */
async function drain({ database }: Site, environment: Environment, events: number): Promise<number> {
  const worker = startWorker(environment)
  try {
    const giveUpAt = performance.now() + GIVE_UP_AFTER_MS
    while (performance.now() < giveUpAt) {
      const { messages: stored, seconds } = await database.progress()
      if (stored >= events) return seconds
      // Asking costs the worker time, so seldom at first.
      await Promise.race([sleep(stored < events * 0.9 ? 200 : 10), worker.alive])
    }
    throw new Error('the worker did not get through')
  } finally {
    await worker.stop()
  }
}

/** What our own path asks of the database for one event alone, while somebody listens. */
async function record(environment: Environment, shop: Shop): Promise<FloorOrder['recorded']> {
  const ids = createIdSource()
  const person = personOf(999_999)
  const messageIds = [newMessageId(), newMessageId()] as const
  const deliveries = messageIds.map((messageId, index): RawDelivery => {
    const at = new Date(Date.now() - 1_000 + index)
    return {
      id: ids.next() as RawEventId,
      orgId: shop.orgId,
      channelId: shop.channelId,
      body: directMessage(shop, person, at, messageId),
      verified: true,
      receivedAt: at,
      requestId: ids.next(),
    }
  })
  const child = startChild('bench/ingest/recorder.ts', [], {})
  child.send({ environment, deliveries } satisfies RecorderOrder)
  const [first, next] = await child.answer<Recorded>().finally(() => child.stop())
  if (first === undefined || next === undefined) throw new Error('two deliveries did not make two transactions')
  return { person, messageIds, first, next }
}
