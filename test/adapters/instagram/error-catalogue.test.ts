import test from 'ava'
import {
  createInstagramSimulator,
  type InstagramSimulator,
  type SimulatedAccount,
  type SimulatedCustomer,
} from '../../../dev/instagram-simulator/index.ts'
import { createInstagramChannel } from '../../../src/adapters/instagram/channel.ts'
import { SEND_VERDICTS } from '../../../src/adapters/instagram/graph-errors.ts'
import type { ChannelAccount, Delivery } from '../../../src/core/channel/delivery.ts'
import type { ExternalUserId } from '../../../src/core/ids.ts'
import { startReceiver } from '../../dev/webhook-receiver.ts'
import { CATALOGUE, type CatalogueRow } from './error-catalogue.ts'
import { account, toPerson } from './graph-server.ts'

// Every row as an answer over HTTP, to a send and to a look-up.
let simulator: InstagramSimulator
let receiver: Awaited<ReturnType<typeof startReceiver>>
let shop: SimulatedAccount
let who: SimulatedCustomer
let from: ChannelAccount
let channel: ReturnType<typeof createInstagramChannel>
const signal = new AbortController().signal

test.before(async () => {
  simulator = await createInstagramSimulator()
  receiver = await startReceiver()
  shop = simulator.account({ webhookUrl: receiver.url })
  who = simulator.customer({ account: shop })
  await simulator.dm(who, 'Hello')
  from = { ...account({ secrets: { accessToken: shop.accessToken } }), account: shop.id as ChannelAccount['account'] }
  const config = { graphUrl: simulator.url, facebookGraphUrl: simulator.url, graphVersion: 'v26.0' }
  channel = createInstagramChannel({ ...config, sendTimeoutMs: 2_000 }, { fetch })
})
test.after.always(async () => {
  await simulator.close()
  await receiver.close()
})

const send = () =>
  channel.sender.send(
    { ...toPerson(), recipient: { type: 'person', externalId: who.id as ExternalUserId } },
    from,
    signal,
  )

function inShort(delivery: Delivery): string {
  const waits = (delivery.demands ?? []).map(({ pauses, afterMs }) => `, ${pauses} waits ${afterMs}`).join('')
  if (delivery.status === 'refused') return `${delivery.code}${delivery.alert ? ' and tell' : ''}${waits}`
  if (delivery.status === 'reauthorize') return delivery.alert ? 'reauthorize and tell' : 'reauthorize'
  if (delivery.status !== 'retry') return `${delivery.status}${waits}`
  const { pauses, afterMs, reason, bound } = delivery
  const why = reason === undefined ? '' : ` (${reason})`
  const end = bound === undefined ? '' : `, ${bound.retries} more, then ${bound.code}`
  return `${pauses} waits${afterMs === null ? '' : ` ${afterMs}`}${why}${end}${waits}`
}

const nameOf = ({ code, subcode, says, httpStatus }: CatalogueRow) =>
  [`${code}${subcode === undefined ? '' : `/${subcode}`}`, httpStatus && `as HTTP ${httpStatus}`, says && `“${says}”`]
    .filter(Boolean)
    .join(' ')

for (const entry of CATALOGUE) {
  const { code, subcode, says, httpStatus, send: sent, read } = entry
  test.serial(`${nameOf(entry)}: ${sent}; read: ${read}`, async (t) => {
    const refusal = {
      kind: 'refusal',
      code,
      ...(subcode === undefined ? {} : { subcode }),
      ...(says === undefined ? {} : { message: says }),
      ...(httpStatus === undefined ? {} : { httpStatus }),
    } as const
    simulator.fault(refusal)
    t.is(inShort(await send()), sent)
    simulator.fault(refusal, { on: 'profile' })
    t.is((await channel.profiles?.look(who.id as ExternalUserId, from, signal))?.status, read)
    t.is(simulator.received(who).length, 0)
  })
}

// proves: fail.catalogue
test('every row of the table is in the catalogue', (t) => {
  const known = new Set(CATALOGUE.map(({ code, subcode }) => (subcode ? `${code}/${subcode}` : `${code}`)))
  t.deepEqual(
    Object.keys(SEND_VERDICTS).filter((key) => !known.has(key.replace('*', '10'))),
    [],
  )
})

test.serial('a throttle waits as long as the platform says, by either of its headers', async (t) => {
  simulator.fault({ kind: 'throttle', code: 80002, httpStatus: 400, regainMinutes: 7 })
  t.is(inShort(await send()), `account waits ${7 * 60_000} (throttled), app waits 300000, account waits ${7 * 60_000}`)
  simulator.fault({ kind: 'throttle', code: 4, retryAfterSeconds: 90 })
  t.is(inShort(await send()), 'app waits 90000 (app-throttled)')
  simulator.fault({ kind: 'throttle', code: 80002, regainMinutes: 2 }, { on: 'profile' })
  t.like(await channel.profiles?.look(who.id as ExternalUserId, from, signal), {
    status: 'retry',
    afterMs: 120_000,
    demands: [{ pauses: 'account', afterMs: 120_000, reason: 'throttled' }],
  })
})

test.serial(
  'a message that was taken slows the next ones down near the end of a budget, and stops them at it',
  async (t) => {
    const waits = async (percent: number, regainMinutes?: number) => {
      simulator.fault({ kind: 'usage', percent, ...(regainMinutes === undefined ? {} : { regainMinutes }) })
      const delivery = await send()
      t.is(delivery.status, 'accepted')
      return (delivery.demands ?? []).map(({ pauses, afterMs, reason }) => `${pauses} ${afterMs} ${reason}`)
    }
    t.deepEqual(await waits(79), [])
    t.deepEqual(await waits(80), ['app 500 usage-high', 'account 500 usage-high'])
    t.deepEqual(await waits(99), ['app 10000 usage-high', 'account 10000 usage-high'])
    t.deepEqual(await waits(100), ['app 300000 app-throttled', 'account 300000 throttled'])
    t.deepEqual(await waits(120, 12), ['app 300000 app-throttled', 'account 720000 throttled'])
  },
)

for (const kind of [
  'delivered-then-500',
  'delivered-then-garbage',
  'delivered-then-timeout',
  'delivered-then-reset',
  'delivered-then-cut',
] as const) {
  test.serial(`${kind}: unknown`, async (t) => {
    const before = simulator.received(who).length
    simulator.fault({ kind })
    t.is(inShort(await send()), 'unknown')
    t.is(simulator.received(who).length, before + 1)
  })
}

test.serial('an answer that drips longer than a call may take: unknown; one that is in time: accepted', async (t) => {
  simulator.fault({ kind: 'slow-body', delayMs: 1 })
  t.is(inShort(await send()), 'accepted')
  simulator.fault({ kind: 'slow-body', delayMs: 200 })
  t.is(inShort(await send()), 'unknown')
})

for (const [name, fault] of [
  ['an HTML page with 500', { kind: 'server-error' }],
  ['an empty 502', { kind: 'server-error', httpStatus: 502, body: '' }],
  ['no answer', { kind: 'timeout' }],
  ['a reset', { kind: 'reset' }],
] as const) {
  test.serial(`${name}: unknown; read: retry`, async (t) => {
    simulator.fault(fault)
    t.is(inShort(await send()), 'unknown')
    simulator.fault(fault, { on: 'profile' })
    t.is((await channel.profiles?.look(who.id as ExternalUserId, from, signal))?.status, 'retry')
  })
}
