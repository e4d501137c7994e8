import type { ChannelAdapter, InboundParser, ParseOptions } from '../../ports/channel-adapter.ts'
import type { WebhookChannel } from '../../ports/channel-directory.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { QuarantinedDelivery } from '../../ports/intake-store.ts'
import type { RawDelivery } from '../../ports/webhook-intake.ts'
import { isErased, isNobody, withoutErased } from '../customer/erased.ts'
import { Unavailable } from '../errors.ts'
import type { ExternalMessageId, RawEventId } from '../ids.ts'
import { ChannelGone } from './channel-gone.ts'
import type { IngestItem } from './ingest.ts'
import { namedIn, quotedIn, type Redact, redactWith, type Unit } from './raw-bodies.ts'
import { storeEvents } from './store-events.ts'

/** A delivery that failed too often: its body is kept for a replay, and for an unsend to find it. Rejects where it cannot be. */
export const putAsideGivenUp =
  (ports: CorePorts) =>
  async (delivery: RawDelivery, error: unknown): Promise<void> => {
    const channel = await ports.channelDirectory.find(delivery.channelId)
    const adapter = channel && ports.channelRegistry.get(channel.type)
    const from = channel && adapter ? { channel, parser: adapter.parser } : null
    await quarantine(ports, [held(delivery, 'given-up', nameOf(error))], { isReplay: false }, from)
  }

export type HowReceived = Readonly<{
  /** It came before: the channel's counters have it already. */
  isReplay: boolean
  /** Aborts when somebody else may have begun with the same deliveries: no transaction is begun any more. */
  signal?: AbortSignal | undefined
}>

/**
 * Turns deliveries of one organization and channel into customers, tickets and messages, in one transaction. Resolves when
 * they are stored or quarantined; rejects while the database is away or once the signal aborts, and the batch comes again.
 */
export const receiveWebhooks =
  (ports: CorePorts) =>
  async (batch: readonly RawDelivery[], signal?: AbortSignal): Promise<void> => {
    await receive(ports, batch, { isReplay: false, signal })
  }

/** As `receiveWebhooks`; answers which deliveries were put aside. */
export async function receive(
  ports: CorePorts,
  batch: readonly RawDelivery[],
  how: HowReceived,
): Promise<ReadonlySet<RawEventId>> {
  const first = batch[0]
  if (!first) return new Set()
  const channel = await ports.channelDirectory.find(first.channelId)
  const adapter = channel && ports.channelRegistry.get(channel.type)
  if (!channel || !adapter)
    return quarantine(
      ports,
      batch.map((delivery) => held(delivery, 'channel-gone', null)),
      how,
      null,
    )
  const from = { channel, parser: adapter.parser }
  const parsed = batch.map((delivery) => ({
    delivery,
    result: adapter.parser.parse(delivery.body, optionsOf(delivery, channel)),
  }))
  const unreadable = parsed.flatMap(({ delivery, result }) =>
    result.readable ? [] : [held(delivery, 'unreadable', result.reason)],
  )
  const putAside = new Set(await quarantine(ports, unreadable, how, from))

  const shares = parsed.flatMap(({ delivery, result }) =>
    result.readable ? result.shares.map((share) => ({ delivery, share })) : [],
  )
  const own = shares.filter(({ share }) => !share.isTest && share.account === channel.account)
  // Another account's entries go nowhere, above all not to another organization.
  const unroutable = shares.length - own.length
  if (unroutable > 0 && !how.isReplay) ports.channelDirectory.count(channel.id, 'unroutable', unroutable)
  const encoder = new TextEncoder()
  const units = own.map(({ delivery, share }) =>
    unitOf(from, { delivery, share, body: encoder.encode(share.body), isReplay: how.isReplay }),
  )
  for (const id of await storeOrSplit({ ports, channel, adapter, how }, units)) putAside.add(id)
  if (own.length > 0) ports.wakeups.wake('events-written')
  return putAside
}

type Reception = Readonly<{ ports: CorePorts; channel: WebhookChannel; adapter: ChannelAdapter; how: HowReceived }>

/** Where one delivery is at fault its neighbours are stored all the same: halves, down to the one, which is quarantined. */
async function storeOrSplit(reception: Reception, units: readonly Unit[]): Promise<readonly RawEventId[]> {
  if (units.length === 0) return []
  reception.how.signal?.throwIfAborted()
  try {
    await store(reception, units)
    return []
  } catch (error) {
    if (error instanceof Unavailable) throw error
    const { ports, channel, adapter, how } = reception
    const from = { channel, parser: adapter.parser }
    if (error instanceof ChannelGone) {
      const left = units.map(({ delivery, body }) => ({ delivery, body, reason: 'channel-gone', detail: null }))
      return [...(await quarantine(ports, left, how, from))]
    }
    const [only] = units
    if (units.length > 1 || !only) {
      const middle = Math.ceil(units.length / 2)
      return [
        ...(await storeOrSplit(reception, units.slice(0, middle))),
        ...(await storeOrSplit(reception, units.slice(middle))),
      ]
    }
    const { delivery, body } = only
    ports.log.error(
      { err: error, channelId: channel.id, rawEventId: delivery.id, requestId: delivery.requestId },
      'a delivery could not be stored and is quarantined',
    )
    return [
      ...(await quarantine(ports, [{ delivery, body, reason: 'not-storable', detail: nameOf(error) }], how, from)),
    ]
  }
}

async function store({ ports, channel, adapter, how }: Reception, units: readonly Unit[]): Promise<void> {
  const items: readonly IngestItem[] = units.flatMap(({ delivery, share }) =>
    share.events.map((event) => ({ event, delivery })),
  )
  const lastInboundAt = how.isReplay ? null : lastReceived(units)
  const ticketIds = await storeEvents({ ports, channel, adapter }, items, { units, lastInboundAt })
  const requestIds = units.map(({ delivery }) => delivery.requestId)
  ports.log.info(
    { orgId: channel.orgId, channelId: channel.id, requestIds, ticketIds, events: items.length },
    'deliveries were stored',
  )
}

const lastReceived = (units: readonly Unit[]): Date =>
  new Date(Math.max(...units.map(({ delivery }) => delivery.receivedAt.getTime())))

const held = (delivery: RawDelivery, reason: string, detail: string | null): QuarantinedDelivery => ({
  delivery,
  body: delivery.body,
  reason,
  detail,
})

/** The kind of error only: its message may hold a customer's words. */
const nameOf = (error: unknown): string =>
  error instanceof Error ? [error.name, (error as { code?: unknown }).code].filter(Boolean).join(' ') : 'unknown error'

type From = Readonly<{ channel: WebhookChannel; parser: InboundParser }>

const optionsOf = ({ receivedAt, verified }: RawDelivery, { account, aliases }: WebhookChannel): ParseOptions => ({
  receivedAt,
  account,
  aliases,
  verified,
})

function unitOf(from: From, unit: Omit<Unit, 'without'>): Unit {
  const { channel, parser } = from
  return {
    ...unit,
    without(erased) {
      if (!parser.erase) {
        const events = unit.share.events.filter((event) => !isErased(erased, event))
        const isSame = events.length === unit.share.events.length
        return unitOf(from, isSame ? unit : { ...unit, body: new Uint8Array(), share: { ...unit.share, events } })
      }
      const options = optionsOf(unit.delivery, channel)
      const body = withoutErased(parser, unit.body, options, erased)
      if (body === unit.body) return unitOf(from, unit)
      const read = body.length === 0 ? null : parser.parse(body, options)
      const [share = { ...unit.share, body: '', events: [] }] = read?.readable ? read.shares : []
      return unitOf(from, { ...unit, body, share })
    },
  }
}

async function quarantine(
  ports: CorePorts,
  entries: readonly QuarantinedDelivery[],
  { isReplay }: HowReceived,
  from: From | null,
): Promise<ReadonlySet<RawEventId>> {
  const [first] = entries
  if (!first) return new Set()
  const { channelId, orgId } = first.delivery
  const redact: Redact = from ? redactWith(from.parser) : () => new Uint8Array()
  await ports.unitOfWork.run(orgId, async ({ intake }) => {
    const words = [...new Set(entries.flatMap(({ body }) => quotedIn(body)))]
    const gone = await intake.takenBack(channelId, words)
    const erased = await intake.erasedAmong(channelId, () => entries.flatMap(({ body }) => namedIn(body)))
    await intake.quarantine(
      entries
        .map((entry) =>
          quotedIn(entry.body).some((word) => gone.has(word as ExternalMessageId))
            ? { ...entry, body: redact(entry.body, gone) }
            : entry,
        )
        .map((entry) => {
          const names = (id: string) => erased.people.has(id) || erased.messages.has(id)
          if (isNobody(erased) || !namedIn(entry.body).some(names)) return entry
          if (from === null) return { ...entry, body: new Uint8Array() }
          const options = optionsOf(entry.delivery, from.channel)
          return { ...entry, body: withoutErased(from.parser, entry.body, options, erased) }
        }),
    )
    if (isReplay) return
    await intake.count(channelId, { unroutable: 0, unknown: 0, quarantined: entries.length, lastInboundAt: null })
  })
  return new Set(entries.map(({ delivery }) => delivery.id))
}
