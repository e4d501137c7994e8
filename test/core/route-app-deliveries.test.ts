import test from 'ava'
import { createIdSource } from '../../src/adapters/ids.ts'
import { instagramParser } from '../../src/adapters/instagram/inbound-parser.ts'
import { verifySignature } from '../../src/adapters/instagram/signature.ts'
import { acceptAppWebhook } from '../../src/core/channel/accept-app-webhook.ts'
import { Unavailable } from '../../src/core/errors.ts'
import type { ChannelId, ExternalAccountId, OrgId, RawEventId } from '../../src/core/ids.ts'
import { routeAppDeliveries } from '../../src/core/message/route-app-deliveries.ts'
import type { ChannelAdapter } from '../../src/ports/channel-adapter.ts'
import type { ReadEntry } from '../../src/ports/unclaimed-entries.ts'
import type { AppDelivery, RawDelivery } from '../../src/ports/webhook-intake.ts'
import { RecordingLog } from '../fakes/recording-log.ts'

const FIRST = '17841400000000101' as ExternalAccountId
const SECOND = '17841400000000202' as ExternalAccountId
const ids = createIdSource()

const entry = (id: string, text: string) => ({
  id,
  time: 1_767_225_600_500,
  messaging: [{ message: { mid: text, text } }],
})
const aBody = (value: unknown): AppDelivery => ({
  id: ids.next() as RawEventId,
  channelType: 'INSTAGRAM',
  body: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  receivedAt: new Date('2026-11-22T10:11:12.345Z'),
  requestId: 'req-1',
})

function stage(secrets: readonly string[] = []) {
  const accepted: (RawDelivery | AppDelivery)[] = []
  const world = { unknown: 0, unreadable: 0, away: false }
  const strays: ReadEntry[] = []
  const kept: { delivery: AppDelivery; reason: string }[] = []
  const adapter = {
    type: 'INSTAGRAM',
    parser: instagramParser,
    webhook: { verify: verifySignature },
    app: { name: 'instagram', secrets, verifyTokens: [] },
  } as unknown as ChannelAdapter
  const ports = {
    accountBindings: {
      find: async () =>
        new Map([
          [FIRST, { orgId: 'org-1' as OrgId, channelId: 'channel-1' as ChannelId }],
          [SECOND, { orgId: 'org-2' as OrgId, channelId: 'channel-2' as ChannelId }],
        ] as const),
    },
    channelRegistry: { types: ['INSTAGRAM'], get: () => adapter },
    clock: { now: () => new Date(), monotonicMs: () => 0 },
    ids,
    installationCounters: {
      count: (what: string, by: number) => {
        world[what === 'unreadable-body' ? 'unreadable' : 'unknown'] += by
      },
    },
    intake: {
      accept: async (delivery: RawDelivery | AppDelivery) => {
        if (world.away) throw new Unavailable('planted')
        accepted.push(delivery)
      },
    },
    log: new RecordingLog(),
    unclaimedEntries: {
      keep: async (_type: string, entries: readonly ReadEntry[]) => {
        if (world.away) throw new Unavailable('planted')
        strays.push(...entries)
      },
      next: async () => [],
      forget: async () => {},
      forgetAccounts: async () => {},
      counts: async () => [],
    },
    unreadableBodies: {
      keep: async (delivery: AppDelivery, reason: string) => {
        if (world.away) throw new Unavailable('planted')
        kept.push({ delivery, reason })
      },
    },
  }
  const route = routeAppDeliveries(ports)
  return { accepted, kept, strays, world, route, accept: acceptAppWebhook(ports) }
}

const textOf = ({ body }: Pick<RawDelivery, 'body'>) => Buffer.from(body).toString()

test('each account gets one share of a body, with its own entries and no others', async (t) => {
  const { accepted, route, strays, world } = stage()
  const delivery = aBody({
    object: 'instagram',
    entry: [entry(FIRST, 'a'), entry(SECOND, 'b'), entry(FIRST, 'c'), entry('1', 'd'), null, entry('0', 'e')],
  })
  await route([delivery])
  t.deepEqual(
    accepted.map((share) => ({ ...share, body: JSON.parse(textOf(share)) })),
    [
      ['org-1', 'channel-1', [entry(FIRST, 'a'), entry(FIRST, 'c')]],
      ['org-2', 'channel-2', [entry(SECOND, 'b')]],
    ].map(([orgId, channelId, own], index) => ({
      id: accepted[index]?.id,
      orgId,
      channelId,
      body: { object: 'instagram', entry: own },
      verified: true,
      receivedAt: delivery.receivedAt,
      requestId: 'req-1',
    })) as unknown as typeof accepted,
  )
  t.is(world.unknown, 3)
  // The dashboard's sample is counted and not kept.
  t.deepEqual(
    strays.map(({ account, body }) => [account, JSON.parse(textOf({ body })).entry]),
    [
      ['1', [entry('1', 'd')]],
      ['instagram ?', [null]],
    ] as unknown as [ExternalAccountId, unknown][],
  )
})

test('a repeat gives every share the id that it had, and no two shares have the same', async (t) => {
  const { accepted, route } = stage()
  const delivery = aBody({ object: 'instagram', entry: [entry(FIRST, 'a'), entry(SECOND, 'b')] })
  await route([delivery])
  await route([delivery])
  const [a, b, again, andAgain] = accepted.map(({ id }) => id)
  t.deepEqual([a, b], [again, andAgain])
  t.is(new Set([a, b, delivery.id]).size, 3)
  t.regex(a ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('while the shares are nowhere durable the body is not done', async (t) => {
  const { route, world } = stage()
  world.away = true
  const body = { object: 'instagram', entry: [entry(FIRST, 'a'), entry('1', 'b')] }
  await t.throwsAsync(route([aBody(body)]), { instanceOf: Unavailable })
  t.is(world.unknown, 0, 'counted when it is done')
  await t.throwsAsync(route([aBody({ object: 'instagram', entry: [entry('1', 'b')] })]), { instanceOf: Unavailable })
  t.is(world.unknown, 0, 'also where nobody’s entry is nowhere durable')
})

test('a body that cannot be read is put aside and counted, and its neighbours go on', async (t) => {
  const { accepted, kept, route, world } = stage()
  const [good, bad] = [aBody({ object: 'instagram', entry: [entry(FIRST, 'a')] }), aBody('no json')]
  await route([bad, good])
  t.is(accepted.length, 1)
  t.deepEqual(kept, [{ delivery: bad, reason: 'not-json' }])
  t.deepEqual([world.unreadable, world.unknown], [1, 0])

  world.away = true
  await t.throwsAsync(route([bad]), { instanceOf: Unavailable })
  t.is(world.unreadable, 1, 'counted when it is kept')
})

test('without an app secret nothing is taken, whatever signs it', async (t) => {
  const { accept, accepted } = stage([])
  const webhook = { name: 'instagram', body: Buffer.from('{}'), headers: {}, requestId: 'req-1' }
  t.deepEqual(await accept(webhook), { status: 'no-secret' })
  t.deepEqual(await accept({ ...webhook, name: 'elsewhere' }), { status: 'unknown-channel' })
  t.deepEqual(accepted, [])
})
