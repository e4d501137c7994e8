import test from 'ava'
import { readinessAnswers } from '../../src/adapters/http/readiness-answer.ts'
import { readiness } from '../../src/adapters/readiness.ts'

type Name = 'database' | 'broker' | 'redis'

/** What a process answers while these are away. */
async function answered(away: readonly Name[], options: { allNeeded?: boolean; hasBroker?: boolean } = {}) {
  const ask = (name: Name) => async () => {
    if (away.includes(name)) throw new Error(`${name} is away`)
  }
  const client = { on: () => {}, off: () => {}, release: () => {}, query: async () => ({ rows: [] }) }
  const healthPool = {
    async connect() {
      await ask('database')()
      return client
    },
  }
  const ready = readiness(
    {
      database: { healthPool: healthPool as never },
      messaging: { ping: options.hasBroker === false ? null : ask('broker') },
      redis: { ping: ask('redis') },
    },
    { allNeeded: options.allNeeded ?? false },
  )
  const answer = readinessAnswers({ health: { ready }, clock: { monotonicMs: () => 0 } }, () => false)
  const { status, body } = await answer({ details: true })
  const missing = Object.entries(body.checks ?? {}).flatMap(([name, { ok }]) => (ok ? [] : [name]))
  return [status, body.status, missing.join(' ')]
}

test('A3, A4, A6: an api process stays behind its load balancer as long as it can take webhooks, and says what it misses', async (t) => {
  t.deepEqual(await answered([]), [200, 'ok', ''])
  t.deepEqual(await answered(['broker']), [200, 'degraded', 'broker'])
  t.deepEqual(await answered(['database']), [200, 'degraded', 'database'])
  t.deepEqual(await answered(['redis']), [200, 'degraded', 'redis'])
  t.deepEqual(await answered(['redis', 'broker']), [200, 'degraded', 'broker redis'])
  t.deepEqual(await answered(['database', 'broker']), [503, 'unavailable', 'database broker'])
  t.deepEqual(await answered(['database'], { hasBroker: false }), [503, 'unavailable', 'database'])
})

test('a worker is ready only with everything', async (t) => {
  for (const name of ['database', 'broker', 'redis'] as const)
    t.deepEqual(await answered([name], { allNeeded: true }), [503, 'unavailable', name])
})
