import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { DatedName, GivenNames, IntakeRequest } from '../../ports/intake-store.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import type { InboundEvent, Thread } from '../channel/inbound-event.ts'
import { isErased, isNobody, withTooOld } from '../customer/erased.ts'
import type { EventActor } from '../event/domain-event.ts'
import type { ChannelId, ExternalMessageId, OrgId, TicketId } from '../ids.ts'
import { idsIn, without } from './erased-items.ts'
import { type IngestItem, ingest, threadKey } from './ingest.ts'
import { rawToKeep, redactWith, type Unit } from './raw-bodies.ts'

export type Into = Readonly<{
  ports: CorePorts
  channel: Readonly<{ id: ChannelId; orgId: OrgId }>
  adapter: ChannelAdapter
}>

export type HowStored = Readonly<{
  /** The bodies that the events were read from; none for what was read from the platform, which keeps it. */
  units?: readonly Unit[]
  /** When the last webhook came; null counts nothing. */
  lastInboundAt?: Date | null
  isHistorical?: boolean
  /** Who did it, where that is nobody on the platform. */
  actor?: EventActor
  /** In the same transaction; `messages` is how many were new. */
  alongside?: (stores: Stores, messages: number) => Promise<void>
}>

/**
 * The one way in, in one transaction: whatever came first and however often, a platform id is stored once. Answers the tickets
 * that show it.
 */
export async function storeEvents(
  { ports, channel, adapter }: Into,
  items: readonly IngestItem[],
  { units = [], lastInboundAt = null, isHistorical = false, actor, alongside }: HowStored,
): Promise<readonly TicketId[]> {
  const request = requestOf(channel.id, items)
  const redact = redactWith(adapter.parser)
  const { jobs, ticketIds } = await ports.unitOfWork.run(channel.orgId, async (stores) => {
    const { intake, outbox } = stores
    const admission = await intake.admit(request, () => idsIn({ items, units }), ports.clock.now())
    const erased = withTooOld(
      admission.erased,
      items.map(({ event }) => event),
    )
    const isWhole = isNobody(erased) && !items.some(({ event }) => isErased(erased, event))
    const left = isWhole ? { items, units } : without(erased, { items, units })
    const state = await intake.open(left.items === items ? request : requestOf(channel.id, left.items), admission)
    const ingested = ingest(state, left.items, {
      nextId: ports.ids.next,
      reopenWindowMs: ports.settings.reopenWindowMs,
      via: adapter.inboundVia ?? 'PLATFORM',
      hasProfiles: adapter.profiles !== undefined,
      hasMedia: adapter.media !== undefined,
      isHistorical,
    })
    await intake.keepRaw(rawToKeep(left.units, state, ingested.changes, redact))
    const saved = await intake.save(channel.id, ingested.changes, ports.clock.now())
    const gone = new Set(ingested.changes.tombstones.map(({ externalId }) => externalId))
    await intake.redactRaw(channel.id, [...gone], (body) => redact(body, gone))
    await outbox.append(actor ? ingested.events.map((event) => ({ ...event, actor })) : ingested.events)
    if (lastInboundAt !== null)
      await intake.count(channel.id, { unroutable: 0, unknown: ingested.unknown, quarantined: 0, lastInboundAt })
    await alongside?.(stores, ingested.changes.messages.length + ingested.changes.proven.length)
    return { jobs: saved.jobs, ticketIds: ingested.changes.touched }
  })
  if (jobs > 0) ports.wakeups.wake('jobs')
  return ticketIds
}

function requestOf(channelId: ChannelId, items: readonly IngestItem[]): IntakeRequest {
  const events = items.map(({ event }) => event)
  return {
    channelId,
    threads: threadsOf(events),
    names: namesOf(events),
    arrived: externalIds(events, ['message', 'echo', 'own-comment']),
    spokenOf: externalIds(events, ['edit', 'unsend', 'reaction', 'read', 'announced']),
    answered: events.flatMap((event) => (event.type === 'own-comment' ? [event.under] : [])),
    optIns: externalIds(events, ['optin']),
    withUnseen: events.some(({ type }) => type === 'read'),
    withInFlight: events.some(({ type }) => type === 'echo'),
  }
}

/** The conversations that events make or belong to, each once, with the newest time. */
function threadsOf(events: readonly InboundEvent[]): readonly (Thread & { at: Date })[] {
  const threads = new Map<string, Thread & { at: Date }>()
  for (const event of events) {
    if (!('thread' in event)) continue
    const known = threads.get(threadKey(event.thread))
    if (!known || known.at < event.at) threads.set(threadKey(event.thread), { ...event.thread, at: event.at })
  }
  return [...threads.values()]
}

/** What people are called: of each name the newest, and of two of one time the greater, so that order leaves no trace. */
function namesOf(events: readonly InboundEvent[]): readonly GivenNames[] {
  const names = new Map<string, GivenNames>()
  for (const event of events) {
    if (!('thread' in event)) continue
    const { externalId, username, name } = event.thread.person
    if (username === null && name === null) continue
    const known = names.get(externalId)
    names.set(externalId, {
      externalId,
      username: newer(username, event.at, known?.username ?? null),
      name: newer(name, event.at, known?.name ?? null),
    })
  }
  return [...names.values()]
}

function newer(is: string | null, at: Date, known: DatedName | null): DatedName | null {
  if (is === null) return known
  const isNewer = !known || known.at < at || (known.at.getTime() === at.getTime() && known.is < is)
  return isNewer ? { is, at } : known
}

const externalIds = (
  events: readonly InboundEvent[],
  types: readonly InboundEvent['type'][],
): readonly ExternalMessageId[] => [
  ...new Set(
    events.flatMap((event) => ('externalId' in event && types.includes(event.type) ? [event.externalId] : [])),
  ),
]
