import type { CorePorts } from '../../ports/core-ports.ts'
import type { Gone, KeptForDays, RetentionStore, Window } from '../../ports/retention.ts'
import type { Stores } from '../../ports/unit-of-work.ts'

/** Whoever resolved a ticket by mistake has this long to open it again before what is past its time goes. */
export const RESOLVED_FOR_MS = 24 * 3_600_000

/** Tickets that one transaction looks at; how many messages it takes away is the store's to bound. */
const TICKETS_AT_ONCE = 20
const CUSTOMERS_AT_ONCE = 200

type Ports = Pick<CorePorts, 'clock' | 'log' | 'retentionPlans' | 'unitOfWork'>

/**
 * Takes away what channels keep no longer. One transaction of each channel in turn, so that no organization waits for what another
 * one has piled up. Broken off anywhere it goes on with the next run: what is gone is gone, and looking again changes nothing.
 */
export const expireMessages =
  (ports: Ports) =>
  async (signal?: AbortSignal): Promise<void> => {
    let open = (await ports.retentionPlans.channels()).map((channel) => ({ channel, steps: stepsOf(ports, channel) }))
    while (open.length > 0) {
      const going: typeof open = []
      for (const one of open) {
        if (signal?.aborted) return
        try {
          if (!(await one.steps.next()).done) going.push(one)
        } catch (error) {
          ports.log.warn({ err: error, ...one.channel }, 'what a channel keeps no longer could not go; later again')
        }
      }
      open = going
    }
  }

type Step<T> = (retention: RetentionStore, before: Date, stores: Stores) => Promise<T>

/** Each turn is one transaction at most. */
async function* stepsOf(ports: Ports, channel: KeptForDays): AsyncGenerator<void, void> {
  const { clock, log, retentionPlans, unitOfWork } = ports
  const { orgId, channelId } = channel
  const now = clock.now()
  const resolvedBefore = new Date(now.getTime() - RESOLVED_FOR_MS)
  const before = await unitOfWork.run(orgId, ({ retention }) => retention.before(channelId, now))
  if (before === null) return
  /** Null: it was decided meanwhile to keep them for good. */
  const take = <T>(step: Step<T>): Promise<T | null> =>
    unitOfWork.run(orgId, async (stores) => {
      const from = await stores.retention.begin(channelId, now)
      return from === null ? null : step(stores.retention, from, stores)
    })
  const total = { messages: 0, tickets: 0, customers: 0, bodies: 0, jobs: 0 }
  const isNew = (gone: Gone) => total.messages === 0 && gone.messages > 0

  const look = <Id>(find: (retention: RetentionStore, after: string | null) => Promise<Window<Id>>) =>
    windows((after) => unitOfWork.run(orgId, ({ retention }) => find(retention, after)))
  for await (const found of look((retention, after) =>
    retention.tickets(channelId, { before, resolvedBefore }, after),
  )) {
    yield
    for (const tickets of inGroups(found, TICKETS_AT_ONCE)) {
      for (let isAll = false; !isAll; ) {
        const gone = await take(async (retention, from, { audit }) => {
          const step = await retention.expireMessages(channelId, tickets, { before: from, resolvedBefore }, now)
          if (isNew(step)) await audit.record(expired(channelId))
          return step
        })
        if (gone === null) return
        total.messages += gone.messages
        total.tickets += gone.tickets
        total.bodies += gone.bodies
        isAll = gone.isAll
        yield
      }
    }
  }
  for await (const found of look((retention, after) => retention.customers(channelId, before, after))) {
    yield
    for (const customers of inGroups(found, CUSTOMERS_AT_ONCE)) {
      const gone = await take((retention, from) => retention.expireCustomers(channelId, customers, from, now))
      if (gone === null) return
      total.customers += gone
      yield
    }
  }
  for (let gone: number | null = 1; gone !== 0; ) {
    gone = await take((retention, from) => retention.expireBodies(channelId, from))
    if (gone === null) return
    total.bodies += gone
    yield
  }
  await take((retention, from) => retention.expireFacts(channelId, from))
  yield
  total.jobs += await retentionPlans.forgetJobs(channel, before)
  if (Object.values(total).some((count) => count > 0))
    log.info({ ...channel, ...total }, 'what was kept long enough went')
}

async function* windows<Id>(read: (after: string | null) => Promise<Window<Id>>): AsyncGenerator<readonly Id[]> {
  for (let after: string | null = null; ; ) {
    const { found, next }: Window<Id> = await read(after)
    yield found
    if (next === null) return
    after = next
  }
}

const inGroups = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))

const expired = (channelId: KeptForDays['channelId']) => {
  const resource = { resourceType: 'channel', resourceId: channelId }
  return {
    actorType: 'SYSTEM',
    actorId: null,
    requestId: null,
    action: 'channel.messages-expired',
    ...resource,
  } as const
}
