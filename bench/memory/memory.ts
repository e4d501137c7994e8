import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Row } from '../figures.ts'
import { deliver } from '../ingest/deliver.ts'
import { messages, openNetwork } from '../ingest/messages.ts'
import type { BenchOptions } from '../options.ts'
import { startAll } from '../our-processes.ts'
import type { Shop } from '../seed.ts'
import { Shutdown } from '../shutdown.ts'
import type { Site } from '../site.ts'
import type { Held } from './collected.ts'

const PEOPLE = 400
/** How much more there may be after all events than after a tenth of them. */
const MOST_GROWTH = 1.2
const GIVE_UP_AFTER_MS = 600_000
/** Look-ups of people end. */
const SETTLES_MS = 2_000
const MB = 1_048_576
const HOOK = pathToFileURL(join(import.meta.dirname, 'collected.ts')).href

/** What one process with all roles holds after a forced collection: idle, after a tenth of the events, and after all of them. */
export async function measureMemory(
  site: Site,
  shops: readonly Shop[],
  { rounds, events }: BenchOptions,
  say: (line: string) => void,
): Promise<Row> {
  const steps = [0, Math.ceil(events / 10), events] as const
  const found: (readonly Held[])[] = []
  for (let round = 1; round <= rounds; round++) {
    await site.clear()
    const shutdown = new Shutdown()
    try {
      const people = Math.min(PEOPLE, events)
      const network = await shutdown.owns(openNetwork(shops, people), (opened) => opened.close())
      const environment = { ...site.environment, INSTAGRAM_GRAPH_URL: network.url, HISTORY_SWEEP_MINUTES: '0' }
      const { child, url } = await shutdown.owns(startAll(environment, ['--expose-gc', '--import', HOOK]), (started) =>
        started.child.stop(),
      )
      const held: Held[] = []
      for (const [index, upTo] of steps.entries()) {
        await deliver(url, messages(shops, people, upTo - (steps[index - 1] ?? 0)))
        await stored(site, upTo)
        await sleep(SETTLES_MS)
        child.send({})
        held.push(await child.answer<Held>())
      }
      found.push(held)
      const text = held.map(({ live, rss }) => `${(live / MB).toFixed(1)} (${(rss / MB).toFixed(0)} resident)`)
      say(`memory ${round}/${rounds}, MB idle, after ${steps[1]}, after ${events}: ${text.join(', ')}`)
    } finally {
      await shutdown.close()
    }
  }
  await site.clear()
  const measure = (what: string, unit: string, of: (held: readonly Held[]) => number, most?: number) => ({
    ...{ what, unit, ours: found.map(of), floor: null, target: null },
    ...(most !== undefined && { most }),
  })
  const bytes = (step: number, kind: keyof Held) => (held: readonly Held[]) => (held[step]?.[kind] ?? Number.NaN) / MB
  const growth = (kind: keyof Held) => (held: readonly Held[]) => bytes(2, kind)(held) / bytes(1, kind)(held)
  const kinds = { live: 'in use', rss: 'resident' } as const
  return {
    name: 'memory after a collection',
    measures: (['live', 'rss'] as const).flatMap((kind) => [
      ...steps.map((events, step) => measure(`${kinds[kind]}, ${events} events`, 'MB', bytes(step, kind))),
      measure(`${kinds[kind]}, growth`, 'times', growth(kind), MOST_GROWTH),
    ]),
  }
}

async function stored({ database }: Site, count: number): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS
  while ((await database.progress()).messages < count) {
    if (performance.now() > giveUpAt) throw new Error('the messages were not stored')
    await sleep(100)
  }
}
