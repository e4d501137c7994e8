import type { CorePorts } from '../../ports/core-ports.ts'
import type { ErasedIdentity, ErasureFacts } from '../../ports/erasure-store.ts'
import type { JobOutcome } from '../../ports/job-queue.ts'
import type { ErasureView } from '../../ports/views.ts'
import type { RawDelivery } from '../../ports/webhook-intake.ts'
import { type Actor, by } from '../actor.ts'
import type { InboundEvent } from '../channel/inbound-event.ts'
import { NotFound } from '../errors.ts'
import type { CustomerId, ErasureId, OrgId, RawEventId } from '../ids.ts'
import { idsOf } from '../message/raw-bodies.ts'
import { failureOf } from '../message/send-outcome.ts'
import { type Erased, NOBODY, withoutErased } from './erased.ts'

/** Asks for a customer's data to go, in the background and for good. Asked again it answers the same receipt. */
export const eraseCustomer =
  ({ clock, ids, queries, unitOfWork, wakeups }: CorePorts) =>
  async (actor: Actor, customerId: CustomerId): Promise<ErasureView> => {
    const { orgId } = actor
    const id = await unitOfWork.run(orgId, async ({ erasures, audit }) => {
      const plan = { id: ids.next() as ErasureId, now: clock.now(), failure: failureOf('customer-erased') }
      const asked = await erasures.request(customerId, plan)
      if (asked.isNew)
        await audit.record({
          ...by(actor),
          action: 'customer.erasure-requested',
          ...{ resourceType: 'customer', resourceId: customerId },
        })
      return asked.id
    })
    wakeups.wake('jobs')
    const view = await queries.erasure(orgId, id)
    if (view === null) throw new NotFound('erasure')
    return view
  }

export type ErasureJob = Readonly<{ orgId: OrgId; erasureId: ErasureId }>

/** How soon to look again whether a reply is still under way. */
const WAIT_MS = 1_000

/**
 * First the rows, in one transaction, then the search through what may hold a trace, which begins anew where its process dies: whatever
 * was found is gone, and finding it again changes nothing.
 */
export const continueErasure =
  (ports: CorePorts) =>
  async ({ orgId, erasureId }: ErasureJob): Promise<JobOutcome> => {
    const { clock, log, unitOfWork, wakeups } = ports
    const erased = await unitOfWork.run(orgId, async ({ erasures, audit, outbox }) => {
      const customerId = await erasures.erase(erasureId, clock.now())
      if (customerId === null || customerId === 'waits') return customerId
      const about = { resourceType: 'customer', resourceId: customerId } as const
      await audit.record({ actorType: 'SYSTEM', actorId: null, action: 'customer.erased', ...about, requestId: null })
      await outbox.append([
        {
          type: 'customer.erased',
          actor: { type: 'SYSTEM', id: null },
          resource: { type: 'customer', id: customerId },
          ticketId: null,
          requestId: null,
        },
      ])
      return customerId
    })
    if (erased === 'waits') return { status: 'wait', afterMs: WAIT_MS, reason: 'a reply is under way' }
    if (erased !== null) wakeups.wake('events-written')
    const facts = await unitOfWork.run(orgId, ({ erasures }) => erasures.facts(erasureId))
    if (facts === null) return { status: 'done' }
    let bodies = 0
    for (const identity of facts.identities) bodies += await sweep(ports, orgId, facts, identity)
    for (let after: number | null = 0; after !== null; ) {
      const from: number = after
      after = await unitOfWork.run(orgId, ({ erasures }) => erasures.forgetChanges(facts, from))
    }
    await unitOfWork.run(orgId, ({ erasures }) => erasures.finish(erasureId, bodies, clock.now()))
    log.info({ orgId, erasureId, customerId: facts.customerId, bodies }, 'a customer was erased')
    return { status: 'done' }
  }

/** What somebody reacts to, or what the account answers, may be anybody's. */
const ABOUT_OTHERS: ReadonlySet<InboundEvent['type']> = new Set(['reaction', 'own-comment'])

/** Of one channel: kept bodies, and bodies and jobs that wait or were given up. */
async function sweep(
  { channelRegistry, erasureTraces, unitOfWork }: CorePorts,
  orgId: OrgId,
  facts: ErasureFacts,
  identity: ErasedIdentity,
): Promise<number> {
  const { channelId, people, messages, type, account, settings } = identity
  const adapter = channelRegistry.get(type)
  const alias = adapter?.settings.alias?.(settings) ?? null
  const named = { account, aliases: alias === null ? [] : [alias] }
  const erased: Erased = {
    ...NOBODY,
    people: new Map(people.map((person) => [person, facts.until])),
    messages: new Set(messages),
  }
  const left = (body: Uint8Array, { receivedAt, verified }: Pick<RawDelivery, 'receivedAt' | 'verified'>) =>
    withoutErased(adapter?.parser ?? null, body, { receivedAt, verified, ...named }, erased)

  const idsIn = (body: Uint8Array, { receivedAt, verified }: RawDelivery): ReadonlySet<string> => {
    const read = body.length === 0 ? null : adapter?.parser.parse(body, { receivedAt, verified, ...named })
    const events = read?.readable ? read.shares.flatMap((share) => share.events) : []
    return new Set(idsOf(events.filter(({ type }) => !ABOUT_OTHERS.has(type))))
  }

  let bodies = 0
  for (let after: RawEventId | null = null; ; ) {
    const from: RawEventId | null = after
    after = await unitOfWork.run(orgId, async ({ erasures }) => {
      const { found, next } = await erasures.bodies(facts, identity, from)
      for (const delivery of found) {
        const body = left(delivery.body, delivery)
        if (body === delivery.body) continue
        bodies++
        await erasures.replaceBody(delivery.id, body)
        const gone = idsIn(delivery.body, delivery).difference(idsIn(body, delivery)).difference(erased.messages)
        if (gone.size > 0) await erasures.forgetMessages(identity, [...gone])
      }
      return next
    })
    if (after === null) break
  }
  await erasureTraces.forgetJobs(orgId, [facts.customerId, ...people, ...messages])
  return bodies + (await erasureTraces.rewriteBodies({ orgId, channelId, type, account }, identity, left))
}
