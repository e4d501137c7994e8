import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { ExecutionContext, TestFn } from 'ava'
import fc from 'fast-check'
import { Unavailable } from '../../src/core/errors.ts'
import type { ChannelId, OrgId, RawEventId } from '../../src/core/ids.ts'
import type { AppDelivery, RawDelivery, WebhookIntake, WebhookSource } from '../../src/ports/webhook-intake.ts'

export type IntakeUnderTest = Readonly<{
  intake: WebhookIntake
  /** A further consumer of the same deliveries. */
  source(): WebhookSource
  /** Ends everything and removes what was made. */
  dispose(): Promise<void>
}>

export type IntakeKit = Readonly<{ name: string; make(): Promise<IntakeUnderTest> }>

export type Channel = Readonly<{ orgId: OrgId; channelId: ChannelId }>
export const aChannel = (): Channel => ({ orgId: randomUUID() as OrgId, channelId: randomUUID() as ChannelId })

export const aDelivery = (channel: Channel, over: Partial<RawDelivery> = {}): RawDelivery => ({
  ...channel,
  id: randomUUID() as RawEventId,
  body: Buffer.from('{"object":"instagram","entry":[]}'),
  verified: true,
  receivedAt: new Date('2026-11-22T10:11:12.345Z'),
  requestId: 'req-1',
  ...over,
})

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function eventually(t: ExecutionContext, condition: () => boolean, what: string): Promise<void> {
  for (let spentMs = 0; !condition(); spentMs += 10) {
    if (spentMs > 20_000) return t.fail(`never: ${what}`)
    await pause(10)
  }
}

/** What every way from the api role to the inbound role keeps. Retries come within a second in the given set-up. */
export function webhookIntakeContract(test: TestFn, { name, make }: IntakeKit): void {
  const rule = (title: string, body: (t: ExecutionContext, under: IntakeUnderTest) => Promise<void>): void =>
    test.serial(`${name}: ${title}`, async (t) => {
      const made = await make()
      const sources: WebhookSource[] = []
      const source = (): WebhookSource => {
        const one = made.source()
        sources.push(one)
        return one
      }
      try {
        await body(t, { ...made, source })
      } finally {
        await Promise.all(sources.map((one) => one.stop()))
        await made.dispose()
      }
    })
  const acceptAll = (under: IntakeUnderTest, all: readonly RawDelivery[]) =>
    Promise.all(all.map((one) => under.intake.accept(one)))

  rule('what was accepted comes out with all fields and bytes intact', async (t, under) => {
    const channel = aChannel()
    const sent = [
      aDelivery(channel),
      aDelivery(channel, { body: Buffer.alloc(0), verified: false }),
      aDelivery(channel, { body: Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, 0x80, 0x0a]), requestId: 'ünïcode-🙂' }),
      aDelivery(channel, { body: randomBytes(3 * 1_048_576), receivedAt: new Date('1999-12-31T23:59:59.999Z') }),
    ]
    await acceptAll(under, sent)
    const got = new Map<string, RawDelivery>()
    const source = under.source()
    await source.start(
      async (batch) => {
        for (const one of batch) got.set(one.id, one)
      },
      { concurrency: 2 },
    )
    await eventually(t, () => got.size === sent.length, 'all came out')
    await source.stop()
    const digest = ({ body, ...fields }: RawDelivery) => ({
      ...fields,
      bytes: body.byteLength,
      sha: createHash('sha256').update(body).digest('hex'),
    })
    for (const one of sent) t.deepEqual(digest(got.get(one.id) as RawDelivery), digest(one))
  })

  rule(
    'a batch holds one channel and at most 100, at most so many run at once, a channel once at a time',
    async (t, under) => {
      const channels = [aChannel(), aChannel(), aChannel(), aChannel()]
      const sent = channels.flatMap((channel, index) =>
        Array.from({ length: index === 0 ? 350 : 60 }, () => aDelivery(channel)),
      )
      await acceptAll(under, sent)
      const got = new Set<string>()
      const sizes: number[] = []
      const busy: string[] = []
      const source = under.source()
      await source.start(
        async (batch) => {
          const key = batch[0]?.channelId as string
          sizes.push(batch.length)
          t.true(batch.every(({ channelId, orgId }) => channelId === key && orgId === batch[0]?.orgId))
          t.false(busy.includes(key), 'never beside another batch of its channel')
          busy.push(key)
          t.true(busy.length <= 2)
          // However slowly the transport brings them: while a batch is handled, what comes waits for the next.
          await pause(sizes.some((size) => size > 20) ? 15 : 500)
          busy.splice(busy.indexOf(key), 1)
          for (const { id } of batch) got.add(id)
        },
        { concurrency: 2 },
      )
      await eventually(t, () => got.size === sent.length, 'all came out')
      await source.stop()
      t.true(Math.max(...sizes) <= 100)
      t.true(Math.max(...sizes) > 20, `what waits is taken together: ${sizes}`)
    },
  )

  rule('what came for a whole app comes out as it was, never beside what came for a channel', async (t, under) => {
    const { orgId: _o, channelId: _c, verified: _v, ...common } = aDelivery(aChannel(), { body: Buffer.from('{}') })
    const forApp: readonly AppDelivery[] = ['INSTAGRAM', 'INSTAGRAM', 'OTHER'].map((channelType) => ({
      ...common,
      id: randomUUID() as RawEventId,
      channelType,
    }))
    const forChannel = aDelivery(aChannel())
    await Promise.all([...forApp, forChannel].map((one) => under.intake.accept(one)))
    const got = new Map<string, AppDelivery>()
    const others: string[] = []
    let refusals = 0
    const source = under.source()
    await source.start(async (batch) => void others.push(...batch.map(({ id }) => id)), {
      concurrency: 2,
      handleForApp: async (batch) => {
        t.is(new Set(batch.map(({ channelType }) => channelType)).size, 1)
        refusals += 1
        if (refusals === 1) throw new Error('no')
        for (const one of batch) got.set(one.id, { ...one, body: Buffer.from(one.body) })
      },
    })
    await eventually(t, () => got.size === forApp.length && others.length > 0, 'all came out')
    await source.stop()
    for (const one of forApp) t.deepEqual(got.get(one.id), one)
    t.true(others.every((id) => id === forChannel.id))
  })

  rule('a rejected batch comes again, a resolved one does not', async (t, under) => {
    const [good, bad] = [aChannel(), aChannel()]
    await acceptAll(under, [
      ...Array.from({ length: 5 }, () => aDelivery(good)),
      ...Array.from({ length: 5 }, () => aDelivery(bad)),
    ])
    const times = new Map<string, number>()
    let refusals = 0
    const source = under.source()
    await source.start(
      async (batch) => {
        for (const { id } of batch) times.set(id, (times.get(id) ?? 0) + 1)
        // How the five are cut into batches is the transport's affair: each is refused when it comes first.
        const first = batch.some(({ id }) => times.get(id) === 1)
        if (batch[0]?.channelId !== bad.channelId || !first) return
        refusals += 1
        throw refusals % 2 === 1 ? new Error('no') : new Unavailable('the database is away')
      },
      { concurrency: 3 },
    )
    await eventually(t, () => [...times.values()].filter((count) => count >= 2).length === 5, 'the bad ones came again')
    await pause(1_500)
    await source.stop()
    const counts = [...times.values()].sort((a, b) => a - b)
    t.is(counts.length, 10)
    t.deepEqual(counts.slice(0, 5), [1, 1, 1, 1, 1])
    t.true(
      counts.slice(5).every((count) => count >= 2 && count <= 1 + refusals),
      `${counts}`,
    )
  })

  rule('two consumers share', async (t, under) => {
    const channels = Array.from({ length: 20 }, aChannel)
    const shares = [new Set<string>(), new Set<string>()] as const
    const sources = [under.source(), under.source()]
    // Nobody is done with a first batch before the other has one too: a fast one would take everything.
    const both = Promise.withResolvers<void>()
    for (const [index, source] of sources.entries()) {
      await source.start(
        async (batch) => {
          for (const { id } of batch) shares[index]?.add(id)
          if (shares[0].size > 0 && shares[1].size > 0) both.resolve()
          await Promise.race([both.promise, pause(20_000)])
        },
        { concurrency: 2 },
      )
    }
    const sent = Array.from({ length: 3_000 }, (_, index) => aDelivery(channels[index % channels.length] as Channel))
    for (let at = 0; at < sent.length; at += 100) await acceptAll(under, sent.slice(at, at + 100))
    await eventually(t, () => shares[0].union(shares[1]).size === sent.length, 'all came out')
    await Promise.all(sources.map((source) => source.stop()))
    t.true(shares[0].size > 0 && shares[1].size > 0, `${shares[0].size} and ${shares[1].size}`)
    t.is(shares[0].intersection(shares[1]).size, 0)
  })

  rule('stop waits for the running batch and gives the rest back', async (t, under) => {
    const channel = aChannel()
    const sent = Array.from({ length: 250 }, () => aDelivery(channel))
    await acceptAll(under, sent)
    const first: string[] = []
    let finished = false
    let started = () => {}
    const running = new Promise<void>((resolve) => (started = resolve))
    const source = under.source()
    await source.start(
      async (batch) => {
        started()
        await pause(200)
        first.push(...batch.map(({ id }) => id))
        finished = true
      },
      { concurrency: 1 },
    )
    await running
    await source.stop()
    t.true(finished)
    t.true(first.length <= 100)
    const second = new Set<string>()
    const next = under.source()
    await next.start(
      async (batch) => {
        for (const { id } of batch) second.add(id)
      },
      { concurrency: 1 },
    )
    await eventually(t, () => first.length + second.size >= sent.length, 'the rest came out')
    await next.stop()
    t.deepEqual([...first, ...second].sort(), sent.map(({ id }) => id as string).sort())
  })

  rule('the same delivery handed over twice is no error', async (t, under) => {
    const delivery = aDelivery(aChannel())
    await under.intake.accept(delivery)
    await under.intake.accept(delivery)
    const got: string[] = []
    const source = under.source()
    await source.start(async (batch) => void got.push(...batch.map(({ id }) => id)), { concurrency: 1 })
    await eventually(t, () => got.length > 0, 'it came out')
    await source.stop()
    t.true(got.every((id) => id === delivery.id))
  })

  rule('nothing is lost, whatever the producers, sizes and failures', async (t, under) => {
    const shape = fc.record({
      producers: fc.array(fc.array(fc.record({ channel: fc.nat(4), bytes: fc.nat(20_000) }), { maxLength: 60 }), {
        minLength: 1,
        maxLength: 8,
      }),
      concurrency: fc.integer({ min: 1, max: 4 }),
      failEvery: fc.integer({ min: 2, max: 9 }),
    })
    const channels = Array.from({ length: 5 }, aChannel)
    await fc.assert(
      fc.asyncProperty(shape, async ({ producers, concurrency, failEvery }) => {
        const sent = producers.map((list) =>
          list.map(({ channel, bytes }) => aDelivery(channels[channel] as Channel, { body: randomBytes(bytes) })),
        )
        const got = new Set<string>()
        let batches = 0
        const source = under.source()
        await source.start(
          async (batch) => {
            batches += 1
            if (batches % failEvery === 0) throw new Unavailable('the database is away')
            for (const { id } of batch) got.add(id)
          },
          { concurrency },
        )
        await Promise.all(
          sent.map(async (list) => {
            for (const one of list) await under.intake.accept(one)
          }),
        )
        const all = sent.flat().map(({ id }) => id as string)
        await eventually(t, () => all.every((id) => got.has(id)), 'all came out')
        await source.stop()
      }),
      { numRuns: 6 },
    )
    t.pass()
  })
}
