import { setTimeout as sleep } from 'node:timers/promises'
import { atRest } from './at-rest.ts'
import { type Broken, breakAsPlanned } from './breaker.ts'
import type { Evidence, Verdict } from './checker.ts'
import { belowPromise, type DownFigures, doubtsIn, whileDown } from './figures.ts'
import { embeddedGround, type Ground, servicesGround } from './ground.ts'
import { createRecorder, type Recorder } from './history.ts'
import { embeddedPlanOf, planOf } from './nemesis.ts'
import { seededRandom } from './random.ts'
import { sendKiller } from './send-killer.ts'
import type { Snapshot } from './snapshot.ts'
import type { TierSize } from './tiers.ts'
import { acquaint, openBrokenAccount, openShops, type Shop, startTraffic } from './traffic.ts'

export type Profile = 'services' | 'embedded'

export type TierResult = Readonly<{
  faults: readonly Broken[]
  verdict: Verdict
  down: readonly DownFigures[]
  doubts: ReturnType<typeof doubtsIn>
  replies: number
  drainedMs: number
  tookMs: number
  /** Every promise that was broken, in words; none is what a run is for. */
  broken: readonly string[]
  /** The same of how fast it was, which is for a machine that has nothing else to do. */
  slow: readonly string[]
}>

export type TierOptions = Readonly<{
  profile: Profile
  size: TierSize
  seed: number
  tell?: (line: string) => void
}>

/** After the last fault: what is left is done by then. */
const DRAINED_WITHIN_MS = 60_000
/** Until readers are told of what nobody knows. */
const TOLD_WITHIN_MS = 130_000

/** One run: traffic, faults as the seed has them, an end without faults, and the verdict on it. */
export async function runTier({ profile, size, seed, tell = () => {} }: TierOptions): Promise<TierResult> {
  const startedAt = performance.now()
  const since = () => `${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(7)} s`
  const say = (line: string) => tell(`${since()}  ${line}`)
  const ground = profile === 'services' ? await servicesGround(seededRandom(seed)) : await embeddedGround()
  try {
    say('everything is there')
    const recorder = createRecorder()
    const shops = await openShops(ground, recorder, size.organizations)
    const broken = await openBrokenAccount(ground, recorder, shops[0] as Shop)
    const traffic = startTraffic(ground, recorder, { shops, broken }, size, seed)
    const plan = profile === 'services' ? planOf(seed, size) : embeddedPlanOf(seed, size)
    const faults: Broken[] = []
    await sleep(2_000)
    await acquaint(ground)
    const periods = await breakAsPlanned(ground, plan, {
      tell(broken) {
        faults.push(broken)
        say(broken.line)
      },
      acquaint: () => acquaint(ground),
      async sendKiller() {
        if (ground.servers) await sendKiller(ground.servers, ground.simulator, recorder.history.channels)
      },
    })
    while (traffic.sent() < size.webhooks) await sleep(100)
    await ground.servers?.cluster.heal()
    const healedAt = performance.now()
    await traffic.stop()
    say(`all ${traffic.sent()} messages were brought`)
    const end = await judge(ground, recorder, { healedAt, waitsForTold: !size.brief })
    await traffic.close()
    const { verdict, snapshot, drainedMs } = end
    say(`at rest, ${(drainedMs / 1_000).toFixed(1)} s after the last fault`)
    const down = whileDown(ground.simulator.ledger(), periods)
    return {
      faults,
      verdict,
      down,
      doubts: doubtsIn(snapshot),
      replies: recorder.history.replies.length,
      drainedMs,
      tookMs: performance.now() - startedAt,
      broken: [
        ...verdict.violations.map(({ invariant, kind, what }) => `${invariant} ${kind}: ${what}`),
        ...faults.flatMap(({ line, trouble }) => (trouble === null ? [] : [`${line}: ${trouble}`])),
        ...ground.fleet.ends.flatMap(({ name, exit, isAccident, lastWords }) =>
          isAccident ? [`${name} ended by itself with ${exit.signal ?? exit.code}: ${lastWords}`] : [],
        ),
      ],
      slow: [
        ...belowPromise(down),
        ...(drainedMs > DRAINED_WITHIN_MS ? [`it took ${Math.round(drainedMs / 1_000)} s to drain`] : []),
      ],
    }
  } finally {
    await ground.close()
  }
}

async function judge(
  ground: Ground,
  recorder: Recorder,
  { healedAt, waitsForTold }: Readonly<{ healedAt: number; waitsForTold: boolean }>,
) {
  let snapshot: Snapshot | null = null
  const look = async (): Promise<Evidence> => {
    snapshot = await ground.snapshot()
    return { ledger: ground.simulator.ledger(), history: recorder.history, snapshot }
  }
  let verdict = await atRest(look)
  const drainedMs = performance.now() - healedAt
  // One in doubt has two minutes until somebody is told.
  const until = performance.now() + (waitsForTold ? TOLD_WITHIN_MS : 0)
  while (snapshot !== null && doubtsIn(snapshot).untold > 0 && performance.now() < until) {
    await sleep(5_000)
    verdict = await atRest(look)
  }
  return { verdict, snapshot: snapshot as unknown as Snapshot, drainedMs }
}
