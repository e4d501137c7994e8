import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../../support/program.ts'
import { countsOf } from './checker.ts'
import { whyNoCluster } from './cluster.ts'
import { SERVER_NAMES } from './describe-fault.ts'
import { runTier, type TierResult } from './tier.ts'
import { TIERS, type TierName } from './tiers.ts'

const USAGE = `Usage: npm run faults -- [--tier ${Object.keys(TIERS).join('|')}] [--seed number] [--profile services|embedded]`

/** `npm run faults`: a whole run with faults over every server and role. Ends with 1 if a promise was broken. */
export async function main(args: readonly string[]): Promise<number> {
  const asked = read(args)
  if (asked === null) {
    console.error(USAGE)
    return 64
  }
  const { tier, seed, profile } = asked
  // What this process started ends with it, but not where a signal ends it without a word.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  // Half of what a process needs to start is compiling.
  process.env['NODE_COMPILE_CACHE'] ??= join(ROOT, 'node_modules', '.cache', 'compiled')
  const reason = profile === 'services' ? whyNoCluster() : null
  if (reason !== null) {
    console.error(`There is no such run here: ${reason}.`)
    return 1
  }
  console.log(`${tier}, ${profile}, seed ${seed}, ${new Date().toISOString()}`)
  const result = await runTier({ profile, size: TIERS[tier], seed, tell: console.log })
  for (const line of linesOf(result, seed)) console.log(line)
  return result.broken.length + result.slow.length > 0 ? 1 : 0
}

function read(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { tier: { type: 'string' }, seed: { type: 'string' }, profile: { type: 'string' } },
    })
    const { tier = 'ci', seed = String(Date.now() % 1_000_000), profile = 'services' } = values
    if (!Object.hasOwn(TIERS, tier) || !/^\d{1,9}$/.test(seed)) return null
    if (profile !== 'services' && profile !== 'embedded') return null
    return { tier: tier as TierName, seed: Number(seed), profile } as const
  } catch {
    return null
  }
}

/** The end of a run as its lines. */
export function linesOf(result: TierResult, seed: number): readonly string[] {
  const { verdict, faults, down, doubts, replies, drainedMs, tookMs } = result
  const broken = [...result.broken, ...result.slow]
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
  return [
    '',
    ...(broken.length > 0 ? ['Broken:', ...broken.slice(0, 50).map((line) => `  ${line}`), ''] : []),
    ...down.flatMap(({ server, webhooks, at200, p99Ms }) =>
      webhooks === 0
        ? []
        : [
            `${SERVER_NAMES[server]} down: ${at200} of ${webhooks} webhooks answered 200 at once, p99 ${Math.round(p99Ms)} ms`,
          ],
    ),
    `${replies} replies; in doubt ${doubts.all}, of these told of ${doubts.told}, still open ${doubts.open}, told too late ${verdict.unknownSurfacedLate}`,
    `${faults.length} faults, drained within ${seconds(drainedMs)}, ${seconds(tookMs)} in all, ${broken.length} promises broken`,
    countsOf(verdict, seed),
  ]
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
