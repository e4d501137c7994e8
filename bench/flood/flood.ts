import { fullyLoaded, intakeOf, loaded } from '../ack/intake.ts'
import { type Child, startChild } from '../child.ts'
import { personOf, signedDirectMessage, unsignedDirectMessages } from '../direct-messages.ts'
import type { Row } from '../figures.ts'
import type { BenchOptions } from '../options.ts'
import { startApi } from '../our-processes.ts'
import type { Shop } from '../seed.ts'
import { Shutdown } from '../shutdown.ts'
import type { Site } from '../site.ts'
import { MOST_LATE } from '../steady-pace.ts'
import type { SendingOrder, SendingResult } from './sender.ts'

/** Of what the machine takes of signed ones; with three times as many unsigned ones beside them it is 70 %. */
const SIGNED_OF_CAPACITY = 0.175
const UNSIGNED_TO_SIGNED = 3
const MOST_TIMES = 2
const WARM_UP_SECONDS = 3
const CAPACITY_SECONDS = 5
const LEAD_SECONDS = 2
/** The unsigned ones end after the signed ones. */
const LONGER_SECONDS = 1
/** What the contract has for them: refused, or to come again where there is no room. */
const UNSIGNED_ANSWERS: readonly number[] = [401, 503]

/**
 * What the platforms' deliveries notice of whoever posts three times as many without a right signature: how long an acknowledgement takes,
 * from when the delivery was due, with the others beside them and without, in turns. The capacity is of the same round and process.
 */
export async function measureFlood(
  site: Site,
  shops: readonly Shop[],
  { rounds, seconds }: BenchOptions,
  say: (line: string) => void,
): Promise<Row> {
  const shutdown = new Shutdown()
  try {
    const intake = intakeOf(site, 'ours', await shutdown.owns(startApi(site.environment), ({ child }) => child.stop()))
    const start = (file: string) => shutdown.owns(Promise.resolve(startChild(file, [], {})), (child) => child.stop())
    const generator = await start('bench/ack/load.ts')
    const platformChild = await start('bench/flood/sender.ts')
    const strangersChild = await start('bench/flood/sender.ts')
    // Strangers have machines of their own: theirs may not take from the api what it needs here, nor what measures the capacity.
    for (const child of [generator, strangersChild]) child.giveWay()
    const signed = shops.map((shop) => signedDirectMessage(shop, personOf(1), new Date()))
    const unsigned = shops.flatMap((shop, index) =>
      unsignedDirectMessages(shop, shops[(index + 1) % shops.length] as Shop, personOf(1), new Date()),
    )
    const sentBy = (sender: Child, order: Omit<SendingOrder, 'url' | 'leadSeconds'>) => {
      sender.send({ ...order, url: intake.url, leadSeconds: LEAD_SECONDS } satisfies SendingOrder)
      return sender.answer<SendingResult>()
    }
    const capacity = async (forSeconds: number): Promise<number> =>
      (await fullyLoaded(site, intake, generator, { deliveries: signed, seconds: forSeconds })).perSecond

    const run = (isBeside: boolean, signedPerSecond: number) =>
      loaded(site, intake, async () => {
        const [platform, strangers] = await Promise.all([
          sentBy(platformChild, {
            deliveries: signed,
            perSecond: signedPerSecond,
            seconds,
            mayBurst: true,
            again: true,
          }),
          isBeside
            ? sentBy(strangersChild, {
                deliveries: unsigned,
                perSecond: signedPerSecond * UNSIGNED_TO_SIGNED,
                seconds: seconds + LONGER_SECONDS,
                mayBurst: false,
                again: false,
              })
            : null,
        ])
        if (strangers !== null) checkRefused(strangers)
        return { platform, strangers, ...answersOf(platform) }
      })
    await run(true, (await capacity(Math.min(seconds, WARM_UP_SECONDS))) * SIGNED_OF_CAPACITY)
    const capacities: number[] = []
    const alone: number[] = []
    const beside: number[] = []
    const refused: number[] = []
    const putOff: number[] = []
    const late: number[] = []
    for (let round = 1; round <= rounds; round++) {
      // Each time, since a machine that is shared is not always as fast.
      const most = await capacity(Math.min(seconds, CAPACITY_SECONDS))
      capacities.push(most)
      say(`flood ${round}/${rounds}: ${Math.round(most)} signed deliveries/s at most`)
      for (const isBeside of round % 2 === 1 ? [false, true] : [true, false]) {
        const { platform, strangers } = await run(isBeside, most * SIGNED_OF_CAPACITY)
        ;(isBeside ? beside : alone).push(platform.p99Ms)
        say(`flood ${round}/${rounds}, ${isBeside ? 'signed beside' : 'signed alone'}: ${told(platform)}`)
        if (strangers === null) continue
        refused.push(strangers.perSecond)
        late.push(strangers.late)
        putOff.push(platform.statuses.get(503) ?? 0)
        say(`flood ${round}/${rounds}, unsigned: ${told(strangers)}`)
      }
    }
    return rowOf({ capacities, alone, beside, refused, late, putOff })
  } finally {
    await shutdown.close()
    await site.clear()
  }
}

function rowOf(
  rounds: Readonly<Record<'capacities' | 'alone' | 'beside' | 'refused' | 'late' | 'putOff', readonly number[]>>,
): Row {
  const measure = (what: string, unit: string, ours: readonly number[]) => ({
    ...{ what, unit, ours },
    ...{ floor: null, target: null },
  })
  const { capacities, alone, beside, refused, late, putOff } = rounds
  const times = beside.map((ms, index) => ms / (alone[index] as number))
  return {
    name: 'beside unsigned ones',
    measures: [
      measure('capacity', 'signed/s', capacities),
      measure('unsigned, refused', 'requests/s', refused),
      { ...measure('unsigned, not sent in time', 'share', late), most: MOST_LATE },
      measure('signed alone, p99', 'ms', alone),
      measure('signed beside them, p99', 'ms', beside),
      { ...measure('beside them to alone', 'times', times), most: MOST_TIMES },
      // Of all rounds: a median would hide one.
      { ...measure('signed, put off by 503', 'answers', [putOff.reduce((sum, count) => sum + count, 0)]), most: 0 },
    ],
  }
}

/** What was put off came again until it was taken. */
function answersOf({ statuses }: SendingResult): { acknowledged: number; refused: number } {
  const others = [...statuses].filter(([status]) => status !== 200 && status !== 503)
  return { acknowledged: statuses.get(200) ?? 0, refused: others.reduce((sum, [, count]) => sum + count, 0) }
}

function checkRefused({ statuses }: SendingResult): void {
  const wrong = [...statuses.keys()].filter((status) => !UNSIGNED_ANSWERS.includes(status))
  if (wrong.length > 0) throw new Error(`unsigned deliveries were answered with ${wrong.join(', ')}`)
}

function told({ perSecond, p50Ms, p99Ms, statuses }: SendingResult): string {
  const answers = [...statuses].map(([status, count]) => `${count} with ${status}`).join(', ')
  return `${Math.round(perSecond)}/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, ${answers}`
}
