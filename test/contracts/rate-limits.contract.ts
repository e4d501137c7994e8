import { randomUUID } from 'node:crypto'
import type { TestFn } from 'ava'
import type { RateLimits } from '../../src/adapters/http/rate-limits.ts'

export type RateLimitsKit = Readonly<{ name: string; make(): Promise<RateLimits> }>

const NETWORK = '203.0.113.7'

/** What every limiter keeps; each test has counters of its own. */
export function rateLimitsContract(test: TestFn, { name, make }: RateLimitsKit): void {
  const waits = async (limits: RateLimits, email: string, ip: string) => (await limits.takeLogin(email, ip)).waitSeconds
  const someone = (): string => `${randomUUID()}@example.com`

  test(`${name}: ten attempts go on, the eleventh waits, for this address from this network alone`, async (t) => {
    const limits = await make()
    const email = someone()
    for (let i = 0; i < 10; i++) t.is(await waits(limits, email, NETWORK), 0)
    const wait = await waits(limits, email, NETWORK)
    t.true(wait > 0 && wait <= 600, `${wait} s`)
    t.true((await waits(limits, email.toUpperCase(), NETWORK)) > 0, 'another spelling')
    t.is(await waits(limits, email, '203.0.113.8'), 0)
    t.is(await waits(limits, someone(), NETWORK), 0)
  })

  test(`${name}: a burst in parallel is counted as one after the other is`, async (t) => {
    const limits = await make()
    const email = someone()
    const all = await Promise.all(Array.from({ length: 30 }, () => waits(limits, email, NETWORK)))
    t.is(all.filter((wait) => wait === 0).length, 10)
  })

  test(`${name}: the right password takes back what was counted`, async (t) => {
    const limits = await make()
    const email = someone()
    for (let i = 0; i < 120; i++) {
      t.is(await waits(limits, email, NETWORK), 0)
      await limits.forgiveLogin(email, NETWORK)
    }
  })

  test(`${name}: a network that tries many addresses waits after a hundred`, async (t) => {
    const limits = await make()
    for (let i = 0; i < 100; i++) t.is(await waits(limits, someone(), '2001:db8::1'), 0)
    t.true((await waits(limits, someone(), '2001:db8::2')) > 0)
  })

  test(`${name}: it tells how much is left of the limit that is nearest to its end`, async (t) => {
    const limits = await make()
    const email = someone()
    t.like(await limits.takeLogin(email, NETWORK), { name: 'login', points: 10, seconds: 600, left: 9, waitSeconds: 0 })
    for (let i = 0; i < 95; i++) await limits.takeLogin(someone(), NETWORK)
    t.like(await limits.takeLogin(email, NETWORK), { name: 'login-network', points: 100, left: 3, waitSeconds: 0 })
  })

  test(`${name}: an organization has fifty exports a day, and is told how many are left`, async (t) => {
    const limits = await make()
    const orgId = randomUUID()
    const taken = await Promise.all(Array.from({ length: 50 }, () => limits.takeExport(orgId)))
    t.true(taken.every(({ waitSeconds }) => waitSeconds === 0))
    t.deepEqual(
      taken.map(({ left }) => left).toSorted((a, b) => a - b),
      Array.from({ length: 50 }, (_, at) => at),
    )
    const refused = await limits.takeExport(orgId)
    t.like(refused, { name: 'export', points: 50, seconds: 86_400, left: 0 })
    t.true(refused.waitSeconds > 86_000 && refused.waitSeconds <= 86_400, `${refused.waitSeconds} s`)
    t.is((await limits.takeExport(randomUUID())).waitSeconds, 0)
  })
}
