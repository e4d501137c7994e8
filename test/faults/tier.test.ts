import test from 'ava'
import { testUnless } from '../support/test-unless.ts'
import { whyNoCluster } from './harness/cluster.ts'
import { linesOf } from './harness/run-tier.ts'
import { type Profile, runTier } from './harness/tier.ts'
import { TIERS } from './harness/tiers.ts'

/** The same faults each time: one that is new here is of the change that was made. */
const SEED = 4

async function run(profile: Profile, webhooks: number) {
  const told: string[] = []
  const size = { ...TIERS.ci, webhooks }
  const result = await runTier({ profile, size, seed: SEED, tell: (line) => told.push(line) })
  return { result, text: [...told, ...linesOf(result, SEED)].join('\n') }
}

testUnless(
  whyNoCluster(),
  'A3, A4, A6, B12: with each role and each server killed under load, nothing is lost, doubled, out of order or stuck',
  async (t) => {
    t.timeout(1_500_000)
    const { result, text } = await run('services', TIERS.ci.webhooks)
    t.log(text)
    t.deepEqual(result.broken, [])
    t.true(result.verdict.acknowledged >= TIERS.ci.webhooks)
    t.true(result.replies > 0)
    // How many at once and how fast is for a machine that has nothing else to do: `npm run faults`.
    for (const { server, webhooks, at200 } of result.down) t.true(at200 > webhooks * 0.9, server)
  },
)

test('embedded: the same with its process and its database killed', async (t) => {
  t.timeout(600_000)
  const { result, text } = await run('embedded', TIERS.ci.webhooks / 10)
  t.log(text)
  t.deepEqual(result.broken, [])
  t.true(result.verdict.acknowledged >= TIERS.ci.webhooks / 10)
})
