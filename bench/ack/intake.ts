import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from '../child.ts'
import type { WebhookDelivery } from '../direct-messages.ts'
import type { Site } from '../site.ts'
import type { LoadOrder, LoadResult } from './load.ts'

const CONNECTIONS = 64

/** Who takes deliveries, and how many of them are kept. */
export type Intake = Readonly<{
  name: 'ours' | 'floor'
  url: string
  child: Child
  countStored: () => Promise<number>
}>

type Answers = Readonly<{ acknowledged: number; refused: number }>

export function intakeOf(
  { broker, database }: Site,
  name: Intake['name'],
  { url, child }: Pick<Intake, 'url' | 'child'>,
): Intake {
  const queue = name === 'ours' ? broker?.workQueue : broker?.floorQueue
  const countStored = () => (broker && queue !== undefined ? broker.count(queue) : database.countJobs('inbound'))
  return { name, url, child, countStored }
}

/** Loads an empty intake, which is drained meanwhile as consumers would. */
export async function loaded<T extends Answers>(site: Site, intake: Intake, load: () => Promise<T>): Promise<T> {
  await site.clear()
  const drained = site.broker?.drain()
  const result = await Promise.race([load(), intake.child.alive]).finally(() => drained?.())
  await check(intake, result)
  return result
}

/** As many as it takes, from `bench/ack/load.ts`. */
export const fullyLoaded = (
  site: Site,
  intake: Intake,
  generator: Child,
  { deliveries, seconds }: Readonly<{ deliveries: readonly WebhookDelivery[]; seconds: number }>,
): Promise<LoadResult> =>
  loaded(site, intake, () => {
    generator.send({ url: intake.url, connections: CONNECTIONS, seconds, deliveries } satisfies LoadOrder)
    return generator.answer<LoadResult>()
  })

/** What was acknowledged is there, or the figures mean nothing. */
async function check({ name, countStored }: Intake, { acknowledged, refused }: Answers): Promise<void> {
  if (refused > 0) throw new Error(`${name}: ${refused} deliveries were not answered with 200`)
  // A broker tells how many it has a little later.
  for (let wait = 0; wait < 50; wait++) {
    if ((await countStored()) >= acknowledged) return
    await sleep(100)
  }
  throw new Error(`${name}: ${acknowledged} deliveries were acknowledged and ${await countStored()} are stored`)
}
