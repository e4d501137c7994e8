import { randomUUID } from 'node:crypto'
import type { TestFn } from 'ava'
import type { RateLimits } from '../../src/adapters/http/rate-limits.ts'

export type RateLimitsKit = Readonly<{ name: string; make(): Promise<RateLimits> }>

const NETWORK = '203.0.113.7'

/** What every limiter of logins keeps; each test has counters of its own. */
export function rateLimitsContract(test: TestFn, { name, make }: RateLimitsKit): void {
  const someone = (): string => `${randomUUID()}@example.com`

  test(`${name}: ten attempts go on, the eleventh waits, for this address from this network alone`, async (t) => {
    const limits = await make()
    const email = someone()
    for (let i = 0; i < 10; i++) t.is(await limits.takeLogin(email, NETWORK), 0)
    const wait = await limits.takeLogin(email, NETWORK)
    t.true(wait > 0 && wait <= 600, `${wait} s`)
    t.true((await limits.takeLogin(email.toUpperCase(), NETWORK)) > 0, 'another spelling')
    t.is(await limits.takeLogin(email, '203.0.113.8'), 0)
    t.is(await limits.takeLogin(someone(), NETWORK), 0)
  })

  test(`${name}: a burst in parallel is counted as one after the other is`, async (t) => {
    const limits = await make()
    const email = someone()
    const waits = await Promise.all(Array.from({ length: 30 }, () => limits.takeLogin(email, NETWORK)))
    t.is(waits.filter((wait) => wait === 0).length, 10)
  })

  test(`${name}: the right password takes back what was counted`, async (t) => {
    const limits = await make()
    const email = someone()
    for (let i = 0; i < 120; i++) {
      t.is(await limits.takeLogin(email, NETWORK), 0)
      await limits.forgiveLogin(email, NETWORK)
    }
  })

  test(`${name}: a network that tries many addresses waits after a hundred`, async (t) => {
    const limits = await make()
    for (let i = 0; i < 100; i++) t.is(await limits.takeLogin(someone(), '2001:db8::1'), 0)
    t.true((await limits.takeLogin(someone(), '2001:db8::2')) > 0)
  })
}
