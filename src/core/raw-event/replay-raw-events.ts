import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import type { RawEventFilter, RawEventPosition } from '../../ports/raw-event-store.ts'
import type { RawEventView } from '../../ports/views.ts'
import type { RawDelivery } from '../../ports/webhook-intake.ts'
import { type Actor, by } from '../actor.ts'
import { NotFound } from '../errors.ts'
import type { ChannelId, OrgId, RawEventId } from '../ids.ts'
import { receive } from '../message/receive-webhooks.ts'

/** As many as live traffic takes at once. */
const BATCH = 100

const HOW = { isReplay: true } as const

/** Processes one kept body again, as if it had just come. What is known already stays as it is. */
export const replayRawEvent =
  (ports: CorePorts) =>
  async (actor: Actor, channelId: ChannelId, id: RawEventId): Promise<RawEventView> => {
    const delivery = await ports.unitOfWork.run(actor.orgId, async ({ rawEvents, audit }) => {
      const found = await rawEvents.get(channelId, id)
      await audit.record({ ...by(actor), action: 'raw-event.replayed', resourceType: 'raw-event', resourceId: id })
      return found
    })
    await replay(ports, actor.orgId, [delivery])
    const view = await ports.queries.rawEvent(actor.orgId, channelId, id)
    if (view === null) throw new NotFound('raw event')
    return view
  }

/** Plans to process all bodies of a channel again that the filter matches; answers how many those are now. */
export const replayRawEvents =
  (ports: CorePorts) =>
  async (actor: Actor, channelId: ChannelId, filter: RawEventFilter): Promise<{ matched: number }> => {
    const matched = await ports.unitOfWork.run(actor.orgId, async ({ channels, rawEvents, audit }) => {
      await channels.get(channelId)
      const count = await rawEvents.count(channelId, filter)
      if (count > 0) await rawEvents.planReplay(planOf(actor.orgId, channelId, filter, null))
      await audit.record({
        ...by(actor),
        action: 'raw-events.replayed',
        resourceType: 'channel',
        resourceId: channelId,
      })
      return count
    })
    if (matched > 0) ports.wakeups.wake('jobs')
    return { matched }
  }

/**
 * One batch of a planned replay, and the plan for the rest. Killed in between, the batch comes again, which changes nothing.
 */
export const continueReplay =
  (ports: CorePorts) =>
  async (payload: Readonly<Record<string, unknown>>): Promise<JobOutcome> => {
    const { orgId, channelId, filter, after } = readPlan(payload)
    const batch = await ports.unitOfWork.run(orgId, ({ rawEvents }) => rawEvents.next(channelId, filter, after, BATCH))
    const last = batch.at(-1)
    if (!last) return { status: 'done' }
    await replay(ports, orgId, batch)
    if (batch.length < BATCH) return { status: 'done' }
    await ports.unitOfWork.run(orgId, ({ rawEvents }) =>
      rawEvents.planReplay(planOf(orgId, channelId, filter, { receivedAt: last.receivedAt, id: last.id })),
    )
    ports.wakeups.wake('jobs')
    return { status: 'done' }
  }

async function replay(ports: CorePorts, orgId: OrgId, batch: readonly RawDelivery[]): Promise<void> {
  const held = await receive(ports, batch, HOW)
  const stored = batch.map(({ id }) => id).filter((id) => !held.has(id))
  await ports.unitOfWork.run(orgId, ({ rawEvents }) => rawEvents.markProcessed(stored, ports.clock.now()))
}

type Plan = Readonly<{
  orgId: OrgId
  channelId: ChannelId
  filter: RawEventFilter
  after: RawEventPosition | null
}>

const planOf = (orgId: OrgId, channelId: ChannelId, filter: RawEventFilter, after: RawEventPosition | null) => ({
  orgId,
  channelId,
  filter,
  after,
})

/** As JSON has it: times are text. */
function readPlan(payload: Readonly<Record<string, unknown>>): Plan {
  const { orgId, channelId, filter, after } = payload as unknown as Plan
  const { status, reason, receivedAfter, receivedBefore } = filter
  return {
    orgId,
    channelId,
    filter: {
      ...(status && { status }),
      ...(reason && { reason }),
      ...(receivedAfter && { receivedAfter: new Date(receivedAfter) }),
      ...(receivedBefore && { receivedBefore: new Date(receivedBefore) }),
    },
    after: after && { ...after, receivedAt: new Date(after.receivedAt) },
  }
}
