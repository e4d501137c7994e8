import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { createCachedChannelDirectory } from '../../../src/adapters/persistence/cached-channel-directory.ts'
import { type Counts, createChannelCounters } from '../../../src/adapters/persistence/channel-counters.ts'
import { Unavailable } from '../../../src/core/errors.ts'
import type { ChannelId, ExternalAccountId, OrgId } from '../../../src/core/ids.ts'
import type { WebhookChannel } from '../../../src/ports/channel-directory.ts'

const ID = 'channel' as ChannelId
const channel = (secret: string): WebhookChannel => ({
  id: ID,
  orgId: 'org' as OrgId,
  type: 'INSTAGRAM',
  status: 'ACTIVE',
  account: 'account' as ExternalAccountId,
  aliases: [],
  webhookSecrets: [secret],
  verifyTokens: [],
})

/** A database with one channel whose secret can be changed, that can go away or just not answer. */
function stage({ patienceMs = 300 } = {}) {
  const world = { nowMs: 1_000, looks: 0, away: false, hangs: false, channel: channel('one') as WebhookChannel | null }
  const cached = createCachedChannelDirectory(
    {
      count: () => {},
      close: async () => {},
      async find() {
        world.looks++
        if (world.hangs) await new Promise(() => {})
        await sleep(1)
        if (world.away) throw new Unavailable('away')
        return world.channel
      },
    },
    {
      clock: { now: () => new Date(), monotonicMs: () => world.nowMs },
      times: { freshMs: 5_000, staleMs: 900_000, patienceMs },
    },
  )
  return { world, secret: async () => (await cached.find(ID))?.webhookSecrets[0] ?? null }
}

test('a channel is looked up again after five seconds, not before', async (t) => {
  const { world, secret } = stage()
  t.is(await secret(), 'one')
  world.channel = channel('two')
  world.nowMs += 4_999
  t.is(await secret(), 'one')
  world.nowMs += 1
  t.is(await secret(), 'two')
  t.is(world.looks, 2)
})

test('many who ask at once share one look-up', async (t) => {
  const { world, secret } = stage()
  t.deepEqual(new Set(await Promise.all(Array.from({ length: 50 }, secret))), new Set(['one']))
  t.is(world.looks, 1)
})

test('while the database is away what is known serves for fifteen minutes', async (t) => {
  const { world, secret } = stage()
  await secret()
  world.away = true
  world.nowMs += 10_000
  t.is(await secret(), 'one')
  world.nowMs += 889_999
  t.is(await secret(), 'one')
  world.nowMs += 2
  await t.throwsAsync(secret(), { instanceOf: Unavailable })
  world.away = false
  t.is(await secret(), 'one')
})

test('a channel that is not known is Unavailable while the database is away', async (t) => {
  const { world, secret } = stage()
  world.away = true
  await t.throwsAsync(secret(), { instanceOf: Unavailable })
})

test('a database that does not answer is not waited for by whoever can be served', async (t) => {
  const { world, secret } = stage()
  await secret()
  world.hangs = true
  world.nowMs += 6_000
  t.is(await secret(), 'one')
  world.nowMs += 1_000
  const since = performance.now()
  t.is(await secret(), 'one')
  t.true(performance.now() - since < 900, 'the same look-up is known to be late')
  t.is(world.looks, 2)
})

test('A4: after one look-up that was late none who can be served waits for the next, until one succeeds', async (t) => {
  const { world, secret } = stage({ patienceMs: 60_000 })
  await secret()
  world.away = true
  world.nowMs += 6_000
  t.is(await secret(), 'one')
  world.away = false
  world.hangs = true
  t.is(await secret(), 'one', 'a minute has not passed')
  t.is(world.looks, 3)
})

test('what was disconnected is forgotten, and what was not found is asked for again at once', async (t) => {
  const { world, secret } = stage()
  await secret()
  world.channel = null
  world.nowMs += 5_000
  t.is(await secret(), null)
  world.away = true
  await t.throwsAsync(secret(), { instanceOf: Unavailable })
  world.away = false
  world.channel = channel('three')
  t.is(await secret(), 'three')
})

test('a bug in looking up is not hidden behind what is known', async (t) => {
  let broken = false
  const cached = createCachedChannelDirectory(
    {
      count: () => {},
      close: async () => {},
      find: async () => {
        if (broken) throw new TypeError('bug')
        return channel('one')
      },
    },
    { clock: { now: () => new Date(), monotonicMs: () => (broken ? 6_000 : 0) } },
  )
  await cached.find(ID)
  broken = true
  await t.throwsAsync(cached.find(ID), { instanceOf: TypeError })
})

test('counts are written together once in a while, and those that failed with the next ones', async (t) => {
  const written: [string, Counts][][] = []
  let fails = true
  const counters = createChannelCounters(async (counts) => {
    if (fails) throw new Error('away')
    written.push([...counts])
  }, 20)
  counters.count(ID, 'unknown')
  counters.count(ID, 'unknown', 2)
  await sleep(50)
  fails = false
  counters.count(ID, 'badSignatures')
  await sleep(50)
  t.deepEqual(written, [[[ID, { badSignatures: 1, unroutable: 0, unknown: 3, quarantined: 0 }]]])
  counters.count(ID, 'quarantined')
  await counters.close()
  t.is(written.length, 2)
  await counters.close()
  t.is(written.length, 2)
})
