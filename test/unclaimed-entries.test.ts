import test from 'ava'
import { instagramParser } from '../src/adapters/instagram/inbound-parser.ts'
import { createAccountBindings } from '../src/adapters/persistence/account-bindings.ts'
import { createHousekeeping } from '../src/adapters/persistence/housekeeping.ts'
import { createUnclaimedEntries } from '../src/adapters/persistence/unclaimed-entries.ts'
import { Unavailable } from '../src/core/errors.ts'
import type { ChannelId, ExternalAccountId, OrgId, RawEventId } from '../src/core/ids.ts'
import { type ClaimJob, claimEntries } from '../src/core/message/claim-entries.ts'
import { routeAppDeliveries } from '../src/core/message/route-app-deliveries.ts'
import type { BoundChannel } from '../src/ports/account-bindings.ts'
import type { ChannelAdapter } from '../src/ports/channel-adapter.ts'
import type { AppDelivery, RawDelivery } from '../src/ports/webhook-intake.ts'
import { RecordingLog } from './fakes/recording-log.ts'
import { onEachProfile, type TestDatabase, testDatabase } from './support/database.ts'
import { ids, seedChannel, seedOrganization, unitOfWorkOn } from './support/seed.ts'
import { onServer } from './support/template.ts'

const TYPE = 'INSTAGRAM'
const DAY_MS = 24 * 3_600_000

let accounts = 0
const anAccount = () => `1784140000${String(++accounts).padStart(7, '0')}` as ExternalAccountId

type Message = Readonly<{ mid: string; text?: string; is_deleted?: boolean }>
const entry = (account: string, ...messages: Message[]) => ({
  id: account,
  time: 1_767_225_600_500,
  messaging: messages.map((message) => ({
    sender: { id: '1200000000000001' },
    recipient: { id: account },
    timestamp: 1_767_225_600_123,
    message,
  })),
})
const body = (...entries: object[]): AppDelivery => ({
  id: ids.next() as RawEventId,
  channelType: TYPE,
  body: Buffer.from(JSON.stringify({ object: 'instagram', entry: entries })),
  receivedAt: new Date(),
  requestId: 'a-test',
})
/** Some come within one millisecond otherwise. */
const later = (n: number, delivery: AppDelivery): AppDelivery => ({
  ...delivery,
  receivedAt: new Date(delivery.receivedAt.getTime() + n),
})
const words = ({ body: bytes }: Pick<RawDelivery, 'body'>) => Buffer.from(bytes).toString()

onEachProfile((profile) => {
  let db: TestDatabase
  let on: ReturnType<typeof worker>
  test.before(async () => {
    db = await testDatabase(profile)
    on = worker()
  })
  test.after.always(() => db.close())

  const rows = <T extends object>(text: string, values: readonly unknown[] = []) =>
    onServer(db.admin, async (client) => (await client.query<T>(text, [...values])).rows)
  const keptOf = async (account: string) =>
    (
      await rows<{ body: string }>(
        `select convert_from(body, 'UTF8') as body from unclaimed_entries where account = $1 order by received_at, id`,
        [account],
      )
    ).map((row) => row.body)

  /** An inbound role whose intake is the test's. */
  function worker(most?: { entries: number; bytes: number }) {
    const orm = db.orm({ poolSize: 4 })
    const pool = db.systemPool({ size: 2 })
    const accepted: RawDelivery[] = []
    const world = { away: false, afterFind: async () => {} }
    const bindings = createAccountBindings({ pool })
    const unclaimedEntries = createUnclaimedEntries(most ? { orm, most } : { orm })
    const adapter = { type: TYPE, parser: instagramParser } as unknown as ChannelAdapter
    const ports = {
      accountBindings: {
        async find(...asked: Parameters<typeof bindings.find>) {
          const found = await bindings.find(...asked)
          await world.afterFind()
          return found
        },
      },
      channelRegistry: { types: [TYPE], get: () => adapter },
      ids,
      installationCounters: { count: () => {} },
      intake: {
        async accept(delivery: RawDelivery | AppDelivery) {
          if (world.away) throw new Unavailable('planted')
          accepted.push(delivery as RawDelivery)
        },
      },
      log: new RecordingLog(),
      unclaimedEntries,
      unreadableBodies: { keep: async () => {} },
    }
    const acceptedBy = ({ channelId }: BoundChannel) => accepted.filter((one) => one.channelId === channelId)
    return {
      ...{ orm, pool, world, acceptedBy, unclaimedEntries },
      route: routeAppDeliveries(ports),
      claim: claimEntries(ports),
    }
  }

  async function bind(account: ExternalAccountId, alias: ExternalAccountId | null = null): Promise<BoundChannel> {
    const { orgId } = await seedOrganization(on.orm)
    const channelId = await seedChannel(on.orm, orgId, { account })
    const binding = { type: TYPE, account, alias, channelId, grantedBy: null }
    await unitOfWorkOn(on.orm).run(orgId, ({ bindings }) =>
      bindings.bind(
        { ...binding, tokenIssuedAt: new Date(), tokenExpiresAt: null },
        { moves: false, isSubscribed: true },
      ),
    )
    return { orgId: orgId as OrgId, channelId: channelId as ChannelId }
  }
  const jobOf = async ({ orgId }: BoundChannel) => {
    const found = await rows<{ payload: string }>(
      `select convert_from(payload, 'UTF8') as payload from jobs where queue = 'entry-claim' and org_id = $1`,
      [orgId],
    )
    return found.map(({ payload }) => JSON.parse(payload) as ClaimJob)
  }
  const jobsDone = async (bound: BoundChannel) => {
    for (const job of await jobOf(bound)) if ((await on.claim(job)).status !== 'done') throw new Error('not done')
  }

  test(`${profile}: what nobody has connected is kept by account and entry, once, and without samples`, async (t) => {
    const [one, two, ours] = [anAccount(), anAccount(), anAccount()]
    const bound = await bind(ours)
    const [first, second] = [
      entry(one, { mid: `${one} a`, text: 'hello' }),
      entry(one, { mid: `${one} b`, text: 'again' }),
    ]
    const sample = entry('0', { mid: 'sample', text: 'a sample' })
    await on.route([
      body(first, entry(two, { mid: `${two} a`, text: 'another' }), entry(ours, { mid: `${ours} a` }), sample),
    ])
    // Meta repeats what it likes, in other company.
    await on.route([body(second, first), body(first)])
    t.deepEqual(
      (await keptOf(one)).map((kept) => JSON.parse(kept)),
      [first, second].map((own) => ({ object: 'instagram', entry: [own] })),
    )
    t.is((await keptOf(two)).length, 1)
    t.deepEqual([...(await keptOf(ours)), ...(await keptOf('0'))], [])
    t.is(on.acceptedBy(bound).length, 1)
    const counts = await on.unclaimedEntries.counts(1_000)
    t.like(
      counts.find(({ account }) => account === one),
      { type: TYPE, entries: 2 },
    )
  })

  // proves: webhook.unclaimed
  test(`${profile}: whoever connects the account gets what came before, in order, and nobody else does`, async (t) => {
    const [account, alias, other] = [anAccount(), anAccount(), anAccount()]
    const deliveries = ['one', 'two', 'three'].map((text, n) =>
      later(
        n,
        body(entry(text === 'two' ? alias : account, { mid: `${account} ${text}`, text }), entry(other, { mid: text })),
      ),
    )
    for (const delivery of deliveries) await on.route([delivery])
    const bound = await bind(account, alias)
    on.world.away = true
    const [job] = await jobOf(bound)
    t.like(await on.claim(job as ClaimJob), { status: 'wait' })
    on.world.away = false
    t.is((await keptOf(account)).length, 2, 'nothing is forgotten before it is durable elsewhere')
    await jobsDone(bound)
    const got = on.acceptedBy(bound)
    t.deepEqual(
      got.map((share) => JSON.parse(words(share)).entry[0].messaging[0].message.text),
      ['one', 'two', 'three'],
    )
    t.deepEqual(
      got.map(({ receivedAt, verified }) => [receivedAt, verified]),
      deliveries.map(({ receivedAt }) => [receivedAt, true]),
    )
    t.deepEqual([...(await keptOf(account)), ...(await keptOf(alias))], [])
    t.is((await keptOf(other)).length, 3)
    await jobsDone(bound)
    t.is(on.acceptedBy(bound).length, 3)
  })

  test(`${profile}: an entry that is kept just while its account is being connected reaches its channel`, async (t) => {
    const account = anAccount()
    const beside = worker()
    let bound: BoundChannel | null = null
    beside.world.afterFind = async () => {
      if (bound !== null) return
      bound = await bind(account)
      // The job of the binding finds nothing yet.
      await jobsDone(bound)
    }
    await beside.route([body(entry(account, { mid: `${account} a`, text: 'just now' }))])
    t.is(beside.acceptedBy(bound as unknown as BoundChannel).length, 1)
    t.deepEqual(await keptOf(account), [])
  })

  test(`${profile}: what is taken back loses its words also here, before or after, and its neighbours stay`, async (t) => {
    const account = anAccount()
    const said = entry(
      account,
      { mid: `${account} a`, text: 'a secret' },
      { mid: `${account} b`, text: 'for all to see' },
    )
    const unsent = entry(account, { mid: `${account} a`, is_deleted: true })
    const orders = [[body(said), body(unsent)], [body(unsent), body(said)], [body(said, unsent)]]
    for (const order of orders) {
      await rows('delete from unclaimed_entries where account = $1', [account])
      for (const delivery of order) await on.route([delivery])
      // A repeat brings no words back.
      await on.route([body(said)])
      const kept = await keptOf(account)
      t.is(kept.length, 2)
      t.false(kept.some((one) => one.includes('a secret')))
      t.true(kept.some((one) => one.includes('for all to see')))
    }
    await Promise.all(orders.flatMap((order) => order.map((delivery) => on.route([delivery]))))
    t.false((await keptOf(account)).some((one) => one.includes('a secret')))
  })

  test(`${profile}: of one account the newest are kept, bounded in number and in bytes`, async (t) => {
    const [many, large] = [anAccount(), anAccount()]
    const { route } = worker({ entries: 5, bytes: 4_000 })
    const [before, after] = [0, 3].map((from) => [0, 1, 2].map((n) => entry(many, { mid: `${many} ${from + n}` })))
    await route([body(...(before ?? []))])
    await route([body(...(after ?? []))])
    const kept = await keptOf(many)
    t.is(kept.length, 5)
    t.true(kept.some((one) => one.includes(`${many} 5`)))
    for (let n = 0; n < 4; n++)
      await route([later(n, body(entry(large, { mid: `${large} ${n}`, text: 'x'.repeat(1_500) })))])
    const few = await keptOf(large)
    t.is(few.length, 2)
    t.true(few.at(-1)?.includes(`${large} 3`))
  })

  test(`${profile}: of many accounts the words of each are its own, and a body of a thousand is kept in few steps`, async (t) => {
    const [one, two] = [anAccount(), anAccount()]
    await on.route([body(entry(one, { mid: 'same', is_deleted: true }), entry(two, { mid: 'same', text: 'a word' }))])
    await on.route([body(entry(one, { mid: 'same', text: 'a secret' }))])
    await on.route([
      body(entry(two, { mid: 'other', is_deleted: true }), entry(one, { mid: 'other', text: 'a reply' })),
    ])
    t.deepEqual(
      [await keptOf(one), await keptOf(two)].map((kept) =>
        ['a secret', 'a word', 'a reply'].filter((word) => kept.join().includes(word)),
      ),
      [['a reply'], ['a word']],
    )
    const many = Array.from({ length: 1_000 }, anAccount)
    await on.route([body(...many.map((account) => entry(account, { mid: `${account} a`, text: 'hello' })))])
    const steps = await rows<{ kept: number }>(
      'select count(*)::int as kept from unclaimed_entries where account = any($1) group by xmin',
      [many],
    )
    t.is(
      steps.reduce((sum, { kept }) => sum + kept, 0),
      1_000,
    )
    t.true(steps.length <= 10)
    await rows('delete from unclaimed_entries where account = any($1)', [many])
  })

  test(`${profile}: of all accounts together there is a bound too, and the oldest go`, async (t) => {
    const own = await testDatabase(profile)
    try {
      const orm = own.orm({ poolSize: 2 })
      const kept = createUnclaimedEntries({ orm })
      const some = [3, 2, 1].map((hoursAgo) => ({
        ...{ id: ids.next() as RawEventId, account: anAccount(), requestId: 'a-test', worded: [], takenBack: [] },
        ...{ body: Buffer.alloc(1_500, hoursAgo), receivedAt: new Date(Date.now() - hoursAgo * 3_600_000) },
      }))
      await kept.keep(TYPE, some, (bytes) => bytes)
      const pool = own.systemPool({ size: 1 })
      const forget = (mostUnclaimedBytes = 2 ** 30) =>
        createHousekeeping(pool, { mostUnclaimedBytes }).forgetUnclaimed(new Date(0))
      t.is(await forget(), 0)
      t.is(await forget(4_000), 1)
      t.deepEqual(
        (await kept.counts(9)).map(({ account }) => account),
        some
          .slice(1)
          .map(({ account }) => account)
          .reverse(),
      )
    } finally {
      await own.close()
    }
  })

  test(`${profile}: it goes with its time, and when the account's owner wants it gone`, async (t) => {
    const [old, gone] = [anAccount(), anAccount()]
    const ago = (days: number) => new Date(Date.now() - days * DAY_MS)
    for (const days of [15, 13])
      await on.route([{ ...body(entry(old, { mid: `${old} ${days}` })), receivedAt: ago(days) }])
    t.true((await createHousekeeping(on.pool).forgetUnclaimed(ago(14))) >= 1)
    t.is((await keptOf(old)).length, 1)
    for (const days of [2, 0])
      await on.route([{ ...body(entry(gone, { mid: `${gone} ${days}` })), receivedAt: ago(days) }])
    await on.unclaimedEntries.forgetAccounts(TYPE, [gone], ago(1))
    t.is((await keptOf(gone)).length, 1, 'what came after the request is another consent')
    t.is((await keptOf(old)).length, 1)
  })
})
