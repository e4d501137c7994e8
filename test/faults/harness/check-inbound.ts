import type { Report, Verdict } from './checker.ts'
import { type Facts, type Placed, repeated } from './facts.ts'

type Counts = Pick<Verdict, 'attempted' | 'acknowledged' | 'stored' | 'quarantined'>

/** I1, I2: what was answered 200 is in its organization once, or was put aside; and nothing is there that nobody wrote. */
export function checkInbound(facts: Facts, report: Report): Counts {
  const deliveries = deliveriesOf(facts)
  const counts = { attempted: 0, acknowledged: 0, stored: 0, quarantined: 0 }
  for (const placed of facts.fromOutside) {
    const { mid, unsent } = placed.bubble
    const delivery = deliveries.get(mid)
    if (!delivery?.attempted) continue
    counts.attempted += 1
    const own = ownCopies(facts, placed, report)
    if (own > 1) report('I2', 'duplicated', `${mid} is there ${own} times`, own - 1)
    if (!delivery.acknowledged) continue
    counts.acknowledged += 1
    // What was taken back before it came need not be there.
    if (own > 0 || unsent) counts.stored += 1
    else if (isPutAside(facts, mid)) counts.quarantined += 1
    else if (!facts.partsByExternalId.has(mid)) {
      // It may be in any of those that wait: lost is only what is nowhere.
      if (facts.waiting > 0) report('I8', 'stuck', `${mid} is not there, and ${facts.waiting} deliveries wait`)
      else report('I1', 'lost', `${mid} was acknowledged and is not there`)
    }
  }
  checkInvented(facts, report)
  checkIdentities(facts, report)
  checkNotifications(facts, report)
  return counts
}

/** By the message's id. Of several webhooks about one message the first brought it; others tell of what became of it. */
function deliveriesOf({ ledger }: Facts): ReadonlyMap<string, Readonly<{ attempted: boolean; acknowledged: boolean }>> {
  const found = new Map<string, { attempted: boolean; acknowledged: boolean }>()
  for (const { mid, attempts } of ledger.webhooks) {
    if (mid === null || found.has(mid)) continue
    found.set(mid, {
      attempted: attempts.length > 0,
      acknowledged: attempts.some(({ status }) => status === 200),
    })
  }
  return found
}

/** Another organization's copies are told of at once. */
function ownCopies({ partsByExternalId }: Facts, { bubble, home }: Placed, report: Report): number {
  const copies = partsByExternalId.get(bubble.mid) ?? []
  const own = copies.filter(({ orgId, channelId }) => orgId === home?.orgId && channelId === home.channelId)
  const strange = copies.length - own.length
  if (strange > 0) report('I7', 'unexpected', `${bubble.mid} is in a strange organization or channel`, strange)
  return own.length
}

const isPutAside = ({ snapshot }: Facts, mid: string): boolean =>
  snapshot.putAside.some(({ body }) => body.includes(mid))

function checkInvented({ snapshot, partsOf, bubblesByMid }: Facts, report: Report): void {
  for (const message of snapshot.messages) {
    if (message.direction !== 'INBOUND') continue
    for (const { externalId } of partsOf(message)) {
      const known = externalId === null ? undefined : bubblesByMid.get(externalId)
      if (known?.bubble.from !== 'customer') report('I1', 'unexpected', `nobody sent ${message.id} (${externalId})`)
    }
  }
}

function checkIdentities({ snapshot }: Facts, report: Report): void {
  const { identities, conversations, tickets } = snapshot
  for (const [key, count] of repeated(identities, (one) => `${one.channelId} ${one.externalId}`))
    report('I2', 'duplicated', `the person ${key} is ${count} customers`, count - 1)
  for (const [key, count] of repeated(conversations, (one) => `${one.channelId} ${one.surface} ${one.externalKey}`))
    report('I2', 'duplicated', `${key} has ${count} conversations`, count - 1)
  const open = tickets.filter(({ status }) => status !== 'RESOLVED')
  for (const [id, count] of repeated(open, ({ conversationId }) => conversationId))
    report('I2', 'duplicated', `the conversation ${id} has ${count} open tickets`, count - 1)
}

/** One for each message and each member who was there then. */
function checkNotifications({ snapshot, messages, bubblesByMid }: Facts, report: Report): void {
  const about = Map.groupBy(snapshot.notifications, ({ messageId }) => messageId)
  const members = Map.groupBy(snapshot.members, ({ orgId }) => orgId)
  for (const message of snapshot.messages) {
    if (message.direction !== 'INBOUND' || message.historical || message.deletedAt !== null) continue
    // One that got into a strange organization is told of as that.
    if (bubblesByMid.get(message.externalId ?? '')?.home?.orgId !== message.orgId) continue
    const told = about.get(message.id) ?? []
    for (const member of members.get(message.orgId) ?? []) {
      if (member.createdAt > message.createdAt) continue
      const count = told.filter(({ memberId }) => memberId === member.id).length
      if (count === 0) report('I1', 'lost', `${member.id} was not notified of ${message.id}`)
      if (count > 1) report('I2', 'duplicated', `${member.id} was notified of ${message.id} ${count} times`, count - 1)
    }
  }
  for (const { id, messageId } of snapshot.notifications) {
    if (messageId !== null && !messages.has(messageId))
      report('I4', 'unexpected', `the notification ${id} is about a message that is not there`)
  }
}
