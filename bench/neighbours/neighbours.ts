import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild } from '../child.ts'
import { personOf } from '../direct-messages.ts'
import { quantile, type Row } from '../figures.ts'
import { openNetwork } from '../ingest/messages.ts'
import type { DeliverOrder } from '../ingest/sender.ts'
import type { BenchOptions } from '../options.ts'
import { startApi, startWorker } from '../our-processes.ts'
import type { Shop } from '../seed.ts'
import { Shutdown } from '../shutdown.ts'
import type { Site } from '../site.ts'
import { MOST_LATE } from '../steady-pace.ts'
import { startStopwatch } from '../stopwatch.ts'
import type { NoiseOrder, NoiseResult } from './noise.ts'

/**
 * Of all organizations together, and of the noisy one: so many that each writes every few seconds, and a batch is of as many tickets as
 * it has messages, in what the capacity is measured with as in the noise.
 */
const PEOPLE = 4_000
const LOAD_OF_CAPACITY = 0.7
const MOST_TIMES = 2
const WRITES_EVERY_MS = 50
/** Until the beginning is over: connections, and who the first ones are. */
const LEAD_MS = 3_000
const GIVE_UP_AFTER_MS = 600_000

/**
 * What others' customers notice of one organization that makes 70 % of what this machine can take, measured before in the same round:
 * from the beginning of a message's POST until it can be read, with the one beside them and without it, in turns. All of them have
 * written before, as customers of an installation that runs mostly have, and who they are was looked up.
 */
export async function measureNeighbours(
  site: Site,
  shops: readonly Shop[],
  { rounds, seconds, events }: BenchOptions,
  say: (line: string) => void,
): Promise<Row> {
  const shutdown = new Shutdown()
  try {
    await site.clear()
    const people = Math.min(PEOPLE, events)
    const network = await shutdown.owns(openNetwork(shops, people), (opened) => opened.close())
    const environment = { ...site.environment, INSTAGRAM_GRAPH_URL: network.url, HISTORY_SWEEP_MINUTES: '0' }
    const { url } = await shutdown.owns(startApi(environment), ({ child }) => child.stop())
    const worker = await shutdown.owns(Promise.resolve(startWorker(environment)), (child) => child.stop())
    const start = (file: string) => shutdown.owns(Promise.resolve(startChild(file, [], {})), (child) => child.stop())
    const everybody = await start('bench/ingest/sender.ts')
    const noise = await start('bench/neighbours/noise.ts')
    // The platform has machines of its own: what sends may not take from the program what it needs here.
    for (const child of [everybody, noise]) child.giveWay()
    const sentBy = <Answer>(child: Child, order: DeliverOrder | NoiseOrder): Promise<Answer> => {
      child.send(order)
      const answer = Promise.race([child.answer<Answer>(), worker.alive])
      answer.catch(() => {})
      return answer
    }
    const [noisy, ...others] = shops as readonly [Shop, ...Shop[]]
    const crowd = Array.from({ length: people }, (_, n) => personOf(10 * PEOPLE + n))
    for (const id of crowd) network.customer({ id, account: network.account({ id: noisy.account }) })

    let sent = 0
    const stored = async (more: number): Promise<void> => {
      sent += more
      const giveUpAt = performance.now() + GIVE_UP_AFTER_MS
      while ((await site.database.progress()).messages < sent) {
        if (performance.now() > giveUpAt) throw new Error('the messages were not stored')
        await Promise.race([sleep(50), worker.alive])
      }
    }
    const capacity = async (): Promise<number> => {
      const startedAt = performance.now()
      await stored(await sentBy<number>(everybody, { url, shops, people, events }))
      return (events / (performance.now() - startedAt)) * 1_000
    }
    /** `late` is null where nothing was beside them. */
    const othersBeside = async (perSecond: number): Promise<Readonly<{ p95: number; late: number | null }>> => {
      const noiseSeconds = seconds + 1 + LEAD_MS / 1_000
      const noisySent =
        perSecond > 0
          ? sentBy<NoiseResult>(noise, { url, shop: noisy, people: crowd, perSecond, seconds: noiseSeconds })
          : null
      await sleep(LEAD_MS)
      const watch = startStopwatch(site.database, url)
      const startedAt = performance.now()
      for (let n = 0; performance.now() - startedAt < seconds * 1_000; n++) {
        watch.send(others[n % others.length] as Shop, personOf(PEOPLE + (n % others.length)))
        await sleep(WRITES_EVERY_MS)
      }
      const tookMs = await watch.stop()
      const made = await noisySent
      await stored(tookMs.length + (made?.sent ?? 0))
      return { p95: quantile(tookMs, 0.95), late: made?.late ?? null }
    }

    const lookedUp = async (): Promise<void> => {
      while ((await site.database.countJobs('profile-lookup')) > 0) await Promise.race([sleep(500), worker.alive])
    }

    // The first ones warm up.
    await capacity()
    await lookedUp()
    await othersBeside((await capacity()) * LOAD_OF_CAPACITY)
    await lookedUp()
    const capacities: number[] = []
    const alone: number[] = []
    const beside: number[] = []
    const notInTime: number[] = []
    for (let round = 1; round <= rounds; round++) {
      // Each time, since a machine that is shared is not always as fast.
      const most = await capacity()
      await lookedUp()
      capacities.push(most)
      for (const isBeside of round % 2 === 1 ? [false, true] : [true, false]) {
        const { p95, late } = await othersBeside(isBeside ? most * LOAD_OF_CAPACITY : 0)
        ;(isBeside ? beside : alone).push(p95)
        if (late !== null) notInTime.push(late)
      }
      say(
        `neighbours ${round}/${rounds}, ${Math.round(most)} events/s at most, p95: alone ${Math.round(alone.at(-1) ?? 0)} ms, beside ${Math.round(beside.at(-1) ?? 0)} ms`,
      )
    }
    const measure = (what: string, unit: string, ours: readonly number[]) => ({
      what,
      unit,
      ours,
      floor: null,
      target: null,
    })
    return {
      name: 'beside an organization at 70 %',
      measures: [
        measure('capacity', 'events/s', capacities),
        { ...measure('noise, not sent in time', 'share', notInTime), most: MOST_LATE },
        measure(`others' messages alone, p95`, 'ms', alone),
        measure(`others' messages beside it, p95`, 'ms', beside),
        {
          ...measure(
            'beside it to alone',
            'times',
            beside.map((ms, index) => ms / (alone[index] as number)),
          ),
          most: MOST_TIMES,
        },
      ],
    }
  } finally {
    await shutdown.close()
    await site.clear()
  }
}
