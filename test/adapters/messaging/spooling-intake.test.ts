import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { createRabbitIntake } from '../../../src/adapters/messaging/rabbit-intake.ts'
import { createRabbitPublisher } from '../../../src/adapters/messaging/rabbit-publisher.ts'
import { createSpoolingIntake } from '../../../src/adapters/messaging/spooling-intake.ts'
import { topologyOf } from '../../../src/adapters/messaging/topology.ts'
import { Unavailable } from '../../../src/core/errors.ts'
import type { WebhookIntake } from '../../../src/ports/webhook-intake.ts'
import { aChannel, aDelivery } from '../../contracts/webhook-intake.contract.ts'
import { quietLog } from './quiet.ts'

type Mood = 'takes' | 'refuses' | 'hangs'

const metricsOf = (gauges: Record<'broker' | 'spool', number>) => ({
  handedTo: () => {},
  isAway(which: 'broker' | 'spool', away: boolean) {
    gauges[which] = away ? 1 : 0
  },
})

/** A broker and a spool of any mood, and a clock that is set by hand. */
function stage({ probeEveryMs = 1_000, withinMs = 200 } = {}) {
  const world = {
    nowMs: 0,
    broker: 'takes' as Mood,
    spool: 'takes' as Mood,
    deep: false,
    asked: { broker: [] as string[], spool: [] as string[] },
    gauges: { broker: 0, spool: 0 },
  }
  const one = (name: 'broker' | 'spool'): WebhookIntake => ({
    async accept({ id }) {
      world.asked[name].push(id)
      if (world[name] === 'hangs') await new Promise(() => {})
      if (world[name] === 'refuses') throw new Unavailable(`${name} is away`)
    },
  })
  const intake = createSpoolingIntake({
    broker: one('broker'),
    spool: one('spool'),
    isDeep: () => world.deep,
    clock: { now: () => new Date(), monotonicMs: () => world.nowMs },
    log: quietLog,
    metrics: metricsOf(world.gauges),
    probeEveryMs,
    withinMs,
  })
  const send = async (): Promise<Readonly<{ id: string; taken: boolean; tookMs: number }>> => {
    const delivery = aDelivery(aChannel())
    const startMs = performance.now()
    const taken = await intake.accept(delivery).then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof Unavailable)) throw error
        return false
      },
    )
    return { id: delivery.id, taken, tookMs: performance.now() - startMs }
  }
  return { world, send, intake }
}

test('a broker that is away is asked by one delivery a second, which does not wait for it', async (t) => {
  const { world, send } = stage({ withinMs: 3_000 })
  world.broker = 'refuses'
  t.true((await send()).taken)
  t.deepEqual([world.asked.broker.length, world.asked.spool.length, world.gauges.broker], [1, 1, 1])
  // From now on it takes connections and says nothing.
  world.broker = 'hangs'
  for (let count = 0; count < 5; count++) t.true((await send()).taken)
  t.deepEqual([world.asked.broker.length, world.asked.spool.length], [1, 6])
  world.nowMs += 1_000
  for (let count = 0; count < 5; count++) {
    const { taken, tookMs } = await send()
    t.true(taken && tookMs < 3_000)
  }
  t.deepEqual([world.asked.broker.length, world.asked.spool.length], [2, 11])
  t.is(world.asked.broker[1], world.asked.spool[6], 'under the same id')

  world.broker = 'takes'
  world.nowMs += 1_000
  t.true((await send()).taken)
  t.true((await send()).taken)
  t.deepEqual([world.asked.broker.length, world.asked.spool.length, world.gauges.broker], [4, 12, 0])
})

test('A5: with both away a delivery is refused in time, however they are away, and taken by whichever comes back', async (t) => {
  for (const [broker, spool] of [
    ['refuses', 'refuses'],
    ['hangs', 'hangs'],
    ['refuses', 'hangs'],
    ['hangs', 'refuses'],
  ] as const) {
    const { world, send } = stage()
    Object.assign(world, { broker, spool })
    for (let count = 0; count < 3; count++) {
      const { taken, tookMs } = await send()
      t.false(taken, `${broker}, ${spool}`)
      t.true(tookMs < 5_000)
    }
    t.deepEqual(world.gauges, { broker: 1, spool: 1 })
    world[broker === 'refuses' ? 'broker' : 'spool'] = 'takes'
    t.true((await send()).taken, 'no second has passed')
    Object.assign(world, { broker, spool })
    world[broker === 'refuses' ? 'spool' : 'broker'] = 'takes'
    t.true((await send()).taken)
  }
})

test('B15: with a backlog in the broker deliveries go to the spool alone, and to the broker where that is away', async (t) => {
  const { world, send } = stage()
  world.deep = true
  for (let count = 0; count < 3; count++) t.true((await send()).taken)
  t.deepEqual([world.asked.broker.length, world.asked.spool.length], [0, 3])
  t.deepEqual(world.gauges, { broker: 0, spool: 0 }, 'neither is away')
  world.spool = 'refuses'
  for (let count = 0; count < 3; count++) t.true((await send()).taken)
  t.deepEqual([world.asked.broker.length, world.asked.spool.length], [3, 4])
  Object.assign(world, { spool: 'takes', deep: false })
  t.true((await send()).taken)
  t.deepEqual([world.asked.broker.length, world.asked.spool.length], [4, 4])
})

test('a refusal of the broker is no reason to refuse while the spool is away', async (t) => {
  const { world, send } = stage()
  world.broker = 'refuses'
  await send()
  Object.assign(world, { broker: 'takes', spool: 'refuses' })
  t.true((await send()).taken)
})

test('what is wrong with a delivery itself says nothing of who refuses it', async (t) => {
  const { world, intake } = stage()
  const spoolsNothing = createSpoolingIntake({
    broker: { accept: () => Promise.reject(new Unavailable('away')) },
    spool: { accept: () => Promise.reject(new TypeError('cannot be written')) },
    clock: { now: () => new Date(), monotonicMs: () => 0 },
    log: quietLog,
    metrics: metricsOf(world.gauges),
  })
  await t.throwsAsync(spoolsNothing.accept(aDelivery(aChannel())), { instanceOf: Unavailable })
  t.deepEqual(world.gauges, { broker: 1, spool: 0 })
  await t.notThrowsAsync(intake.accept(aDelivery(aChannel())))
})

/** As the client is for the publisher: its broker confirms, or does what is said. */
function aBroker(answer: (sent: number) => Promise<void>) {
  const heard = new Map<string, ((value?: unknown) => void)[]>()
  let sent = 0
  const emitter = (events: Map<string, ((value?: unknown) => void)[]>) => ({
    on(event: string, listener: (value?: unknown) => void) {
      events.set(event, [...(events.get(event) ?? []), listener])
    },
  })
  const rabbit = {
    ...emitter(heard),
    ready: true,
    createPublisher: () => ({ ...emitter(new Map()), send: () => answer(sent++), close: async () => {} }),
    queueDeclare: async () => ({}),
    onConnect: async () => {},
  }
  const topology = topologyOf()
  const publisher = createRabbitPublisher({ rabbit: rabbit as never, topology, log: quietLog, confirmWithinMs: 60_000 })
  const spooled: string[] = []
  const intake = createSpoolingIntake({
    broker: createRabbitIntake({ publisher, topology }),
    spool: { accept: async ({ id }) => void spooled.push(id) },
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    log: quietLog,
    probeEveryMs: 0,
  })
  const tell = (event: string, value?: unknown) => {
    for (const listener of heard.get(event) ?? []) listener(value)
  }
  return { intake, spooled, tell, sent: () => sent }
}

test('A12: of what the broker nacks each one is in the spool, and nothing else', async (t) => {
  const nacked: string[] = []
  let now = ''
  const { intake, spooled, sent } = aBroker(async (count) => {
    if (count % 10 !== 3) return
    nacked.push(now)
    throw new Error('message rejected by server')
  })
  for (let count = 0; count < 100; count++) {
    const delivery = aDelivery(aChannel())
    now = delivery.id
    await t.notThrowsAsync(intake.accept(delivery))
  }
  t.true(nacked.length >= 9)
  t.true(sent() >= 100, 'every one was offered to the broker')
  for (const id of nacked) t.true(spooled.includes(id))
})

test('A9: whoever waits for a confirmation goes to the spool as soon as the broker says that it is blocked', async (t) => {
  const { intake, spooled, tell } = aBroker(() => new Promise(() => {}))
  const delivery = aDelivery(aChannel())
  const accepted = intake.accept(delivery)
  await sleep(20)
  t.deepEqual(spooled, [])
  tell('connection.blocked', 'low on disk')
  await accepted
  t.deepEqual(spooled, [delivery.id])
})
