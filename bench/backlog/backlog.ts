import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Child } from '../child.ts'
import { personOf, signedDirectMessage } from '../direct-messages.ts'
import { quantile, type Row } from '../figures.ts'
import { deliver } from '../ingest/deliver.ts'
import { openNetwork } from '../ingest/messages.ts'
import type { Held } from '../memory/collected.ts'
import type { BenchOptions } from '../options.ts'
import { startApi, startWorker } from '../our-processes.ts'
import type { Shop } from '../seed.ts'
import { Shutdown } from '../shutdown.ts'
import type { Site } from '../site.ts'
import { startStopwatch } from '../stopwatch.ts'

/** Of the one organization; others write as people of their own. */
const PEOPLE = 400
const WRITES_EVERY_MS = 100
const LOOKS_EVERY_MS = 500
const GIVE_UP_AFTER_MS = 1_800_000
/** Others' messages, and what the process may hold at most. */
const MOST_P95_MS = 5_000
const MOST_MB = 400
const MB = 1_048_576
const HOOK = pathToFileURL(join(import.meta.dirname, '../memory/collected.ts')).href

/**
 * All that one organization's customers wrote while nobody consumed stands in front; then one inbound process begins, and customers of
 * others write at a steady pace until it is stored. How long theirs take, and what the process holds.
 */
export async function measureBacklog(
  site: Site,
  shops: readonly Shop[],
  { backlog }: BenchOptions,
  say: (line: string) => void,
): Promise<Row> {
  const shutdown = new Shutdown()
  try {
    await site.clear()
    const [noisy, ...others] = shops as readonly [Shop, ...Shop[]]
    const people = Math.min(PEOPLE, backlog)
    const network = await shutdown.owns(openNetwork(shops, people), (opened) => opened.close())
    const environment = { ...site.environment, INSTAGRAM_GRAPH_URL: network.url, HISTORY_SWEEP_MINUTES: '0' }
    const { url } = await shutdown.owns(startApi(environment), ({ child }) => child.stop())
    const begin = () => startWorker(environment, 'inbound', ['--expose-gc', '--import', HOOK])
    const idle = begin()
    await sleep(2_000)
    const before = await holds(idle)
    await idle.stop()

    await deliver(url, inFront(noisy, people, backlog))
    say(`backlog: ${backlog} deliveries wait`)
    const worker = await shutdown.owns(Promise.resolve(begin()), (child) => child.stop())
    const watch = startStopwatch(site.database, url)
    const startedAt = performance.now()
    let writes = 0
    const writing = setInterval(() => {
      const shop = others[writes % others.length] as Shop
      watch.send(shop, personOf(PEOPLE + (writes % others.length)))
      writes += 1
    }, WRITES_EVERY_MS)
    let halfway: Held | undefined
    const storedAre = async (count: number): Promise<void> => {
      for (;;) {
        const { messages } = await site.database.progress()
        if (messages >= backlog / 2) halfway ??= await holds(worker)
        if (messages >= count) return
        if (performance.now() - startedAt > GIVE_UP_AFTER_MS) throw new Error('the backlog was not stored')
        await Promise.race([sleep(LOOKS_EVERY_MS), worker.alive])
      }
    }
    await storedAre(backlog).finally(() => clearInterval(writing))
    const tookMs = await watch.stop()
    await storedAre(backlog + writes)
    const seconds = (performance.now() - startedAt) / 1_000
    const after = await holds(worker)
    const held = [before, halfway ?? after, after]
    const inMb = held.map(({ live, rss }) => `${(live / MB).toFixed(1)} (${(rss / MB).toFixed(0)} resident)`).join(', ')
    say(`backlog: stored in ${seconds.toFixed(1)} s, others wrote ${writes}; MB idle, halfway, after: ${inMb}`)
    const measure = (what: string, unit: string, value: number, most?: number) => ({
      ...{ what, unit, ours: [value], floor: null, target: null },
      ...(most !== undefined && { most }),
    })
    return {
      name: `behind a backlog of ${backlog}`,
      measures: [
        measure('backlog stored', 'events/s', backlog / seconds),
        measure(`others' messages, p50`, 'ms', quantile(tookMs, 0.5)),
        measure(`others' messages, p95`, 'ms', quantile(tookMs, 0.95), MOST_P95_MS),
        measure(`others' messages, the last`, 'ms', quantile(tookMs, 1)),
        ...['idle', 'halfway', 'after'].flatMap((when, index) => [
          measure(`in use, ${when}`, 'MB', (held[index]?.live ?? Number.NaN) / MB),
          measure(`resident, ${when}`, 'MB', (held[index]?.rss ?? Number.NaN) / MB, MOST_MB),
        ]),
      ],
    }
  } finally {
    await shutdown.close()
    await site.clear()
  }
}

async function holds(worker: Child): Promise<Held> {
  worker.send({})
  return worker.answer<Held>()
}

function* inFront(shop: Shop, people: number, count: number) {
  const startAt = Date.now() - count
  for (let n = 0; n < count; n++) yield signedDirectMessage(shop, personOf(n % people), new Date(startAt + n))
}
