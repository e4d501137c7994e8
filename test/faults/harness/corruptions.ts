import type { ViolationKind } from './checker.ts'
import {
  becomes,
  double,
  forget,
  type Message,
  received,
  type Spoilable,
  tellAgain,
  untell,
  withOne,
  written,
} from './spoil.ts'

export type Corruption = Readonly<{
  name: string
  kind: ViolationKind
  /** False where the run has nothing that could be spoiled so. `pick` chooses among what could be. */
  spoil(evidence: Spoilable, pick: <T>(items: readonly T[]) => T | undefined): boolean
}>

type Spoil = Corruption['spoil']
const corruption = (kind: ViolationKind, name: string, spoil: Spoil): Corruption => ({ kind, name, spoil })

/** What one thing that went wrong in a run could have left behind, and what a checker has to call it. */
export const CORRUPTIONS: readonly Corruption[] = [
  corruption('lost', 'an acknowledged message is not there', (evidence, pick) =>
    withOne(pick(received(evidence)), (message) => forget(evidence, message)),
  ),
  corruption('lost', 'a reply that was taken is not there', (evidence, pick) =>
    withOne(pick(written(evidence)), (message) => forget(evidence, message)),
  ),
  corruption('lost', 'somebody was not notified', (evidence, pick) =>
    withOne(pick(evidence.snapshot.notifications), ({ id }) => {
      const { snapshot } = evidence
      snapshot.notifications = snapshot.notifications.filter((one) => one.id !== id)
      untell(evidence, ({ resourceId }) => resourceId === id)
    }),
  ),
  corruption('lost', 'no event tells of a message', (evidence, pick) =>
    withOne(pick(evidence.snapshot.messages), ({ id }) =>
      untell(evidence, ({ type, resourceId }) => type === 'message.created' && resourceId === id),
    ),
  ),
  corruption('lost', 'a reader was not told of an event', ({ history }, pick) =>
    withOne(pick(history.feeds.filter(({ events }) => events.length > 0)), (feed) => {
      const missed = pick(feed.events)
      feed.events = feed.events.filter((event) => event !== missed)
    }),
  ),
  corruption('duplicated', 'a message was stored twice', (evidence, pick) =>
    withOne(pick(received(evidence)), (message) => double(evidence, message)),
  ),
  corruption('duplicated', 'a reply was stored twice', (evidence, pick) =>
    withOne(pick(written(evidence)), (message) => double(evidence, message)),
  ),
  corruption('duplicated', 'the echo of a reply is a message as well', (evidence, pick) =>
    withOne(pick(written(evidence).filter(({ externalId }) => externalId !== null)), (message) => {
      double(evidence, message)
      const { messages } = evidence.snapshot
      messages[messages.length - 1] = { ...(messages.at(-1) as Message), authorType: 'EXTERNAL' }
    }),
  ),
  corruption('duplicated', 'somebody was notified twice', (evidence, pick) =>
    withOne(pick(evidence.snapshot.notifications), (one) => {
      const id = `${one.id} again`
      evidence.snapshot.notifications.push({ ...one, id })
      tellAgain(evidence, one.id, id)
    }),
  ),
  corruption('duplicated', 'a conversation has two open tickets', ({ snapshot }, pick) =>
    withOne(pick(snapshot.tickets), (one) => void snapshot.tickets.push({ ...one, id: `${one.id} again` })),
  ),
  corruption('duplicated', 'one person is two customers', ({ snapshot }, pick) =>
    withOne(pick(snapshot.identities), (one) => {
      const customerId = `${one.customerId} again`
      const { orgId, channelId } = one
      snapshot.customers.push({ id: customerId, orgId, channelId })
      snapshot.identities.push({ ...one, id: `${one.id} again`, customerId })
    }),
  ),
  corruption('duplicated', 'a reader was told twice', ({ history }, pick) =>
    withOne(pick(history.feeds.filter(({ events }) => events.length > 0)), (feed) => {
      const again = pick(feed.events)
      feed.events = feed.events.flatMap((event) => (event === again ? [event, event] : [event]))
    }),
  ),
  corruption('reordered', 'two messages changed places', (evidence, pick) => {
    const one = pick(received(evidence))
    const other = pick(received(evidence).filter((each) => each !== one && each.conversationId === one?.conversationId))
    return withOne(one && other && ([one, other] as const), ([a, b]) => {
      const { sentAt } = a
      a.sentAt = b.sentAt
      b.sentAt = sentAt
    })
  }),
  corruption('reordered', 'two replies came in the other order', ({ ledger, history }, pick) => {
    const texts = new Set(history.replies.flatMap(({ text, resends }) => (resends === 0 ? [text] : [])))
    const ours = (phone: (typeof ledger.phones)[number]) => phone.messages.filter(({ text }) => texts.has(text ?? ''))
    return withOne(pick(ledger.phones.filter((phone) => ours(phone).length > 1)), (phone) => {
      const [first, second] = ours(phone)
      phone.messages = phone.messages.map((one) => (one === first ? second : one === second ? first : one) ?? one)
    })
  }),
  corruption('reordered', 'a reader was told in the other order', ({ history }, pick) =>
    withOne(pick(history.feeds.filter(({ events }) => events.length > 1)), (feed) => void feed.events.reverse()),
  ),
  corruption('doubleSends', 'a second bubble is on the phone', ({ ledger, history }, pick) => {
    const texts = new Set(history.replies.map(({ text }) => text))
    const sent = ledger.phones.flatMap((phone) =>
      phone.messages.filter(({ text }) => texts.has(text ?? '')).map((bubble) => ({ phone, bubble })),
    )
    return withOne(
      pick(sent),
      ({ phone, bubble }) => void phone.messages.push({ ...bubble, mid: `${bubble.mid} again` }),
    )
  }),
  corruption('stuck', 'a message waits in the broker', ({ snapshot }) => {
    snapshot.queues.push({ queue: 'inbound', messages: 1, consumers: 0, isDead: false })
    return true
  }),
  corruption('stuck', 'a body waits in the spool', ({ snapshot }) => {
    snapshot.jobs.push({ ...JOB, runAt: snapshot.takenAt })
    return true
  }),
  corruption('stuck', 'a job is long due', ({ snapshot }) => {
    snapshot.jobs.push({ ...JOB, queue: 'profile-lookup', runAt: new Date(0) })
    return true
  }),
  corruption('stuck', 'a reply is still being sent', (evidence, pick) =>
    withOne(pick(written(evidence)), (message) => becomes(evidence, message, 'SENDING')),
  ),
  corruption('stuck', 'a reply was never sent', (evidence, pick) =>
    withOne(pick(written(evidence).filter(({ status }) => status === 'FAILED')), (message) =>
      becomes(evidence, message, 'QUEUED'),
    ),
  ),
  corruption('stuck', 'an agent was never answered', ({ history }, pick) =>
    withOne(pick(history.replies), (reply) => {
      reply.answer = null
    }),
  ),
  corruption('stuck', 'an event has no number', ({ snapshot, history }, pick) => {
    const [orgId] = new Set(snapshot.events.map((event) => event.orgId))
    history.feeds = history.feeds.filter((feed) => feed.orgId !== orgId)
    const newest = snapshot.events.filter((event) => event.orgId === orgId).at(-1)
    return withOne(pick(newest ? [newest] : []), (event) => {
      event.seq = null
    })
  }),
  corruption('unexpected', 'a message is in another organization', ({ snapshot }, pick) =>
    withOne(pick(snapshot.messages), (message) => {
      const strange = snapshot.channels.find(({ orgId }) => orgId !== message.orgId) ?? { id: 'c', orgId: 'another' }
      message.orgId = strange.orgId
      for (const part of snapshot.parts.filter(({ messageId }) => messageId === message.id)) {
        part.orgId = strange.orgId
        part.channelId = strange.id
      }
    }),
  ),
  corruption('unexpected', 'a reader was told of what another organization does', ({ history }, pick) =>
    withOne(pick(history.feeds.filter(({ events }) => events.length > 0)), ({ events }) => {
      const [first] = events
      if (first) events.unshift({ ...first, id: 'a stranger', orgId: 'another' })
    }),
  ),
  corruption('unexpected', 'there is a message that nobody sent', (evidence, pick) =>
    withOne(pick(received(evidence)), ({ externalId }) => {
      for (const phone of evidence.ledger.phones)
        phone.messages = phone.messages.filter(({ mid }) => mid !== externalId)
    }),
  ),
  corruption('unexpected', 'something is on a phone that nobody wrote', ({ ledger }, pick) =>
    withOne(pick(ledger.phones), (phone) => {
      const { messages } = phone
      const [like] = messages
      if (like) messages.push({ ...like, mid: 'a mid', from: 'business', via: 'graph-api', text: 'out of thin air' })
      return messages.length > 0
    }),
  ),
  corruption('unexpected', 'a reply is called FAILED, and is on the phone', (evidence, pick) =>
    withOne(pick(written(evidence).filter(({ status }) => status === 'SENT')), (message) =>
      becomes(evidence, message, 'FAILED'),
    ),
  ),
  corruption('unexpected', 'a body was given up', ({ snapshot }) => {
    snapshot.queues.push({ queue: 'inbound.dead', messages: 1, consumers: 0, isDead: true })
    return true
  }),
  corruption('unexpected', 'a number is missing', ({ snapshot, history }, pick) =>
    withOne(pick(snapshot.events), ({ orgId }) => {
      for (const event of snapshot.events.filter((one) => one.orgId === orgId)) event.seq = (event.seq ?? 0) + 1
      for (const { events } of history.feeds.filter((feed) => feed.orgId === orgId))
        for (const event of events) event.seq += 1
    }),
  ),
  corruption('unexpected', 'a webhook was answered 500', ({ ledger }, pick) =>
    withOne(
      pick(ledger.webhooks.flatMap(({ attempts }) => attempts).filter(({ status }) => status === null)),
      (attempt) => {
        attempt.status = 500
      },
    ),
  ),
  corruption('unexpected', 'a 503 does not say when to come again', ({ ledger }, pick) =>
    withOne(
      pick(ledger.webhooks.flatMap(({ attempts }) => attempts).filter(({ status }) => status === 503)),
      (attempt) => {
        attempt.retryAfter = null
      },
    ),
  ),
  corruption('unknownSurfacedLate', 'nobody was told of a doubt for two minutes', (evidence, pick) =>
    withOne(pick(evidence.snapshot.events.filter(({ type }) => type === UNCONFIRMED)), ({ resourceId }) =>
      untell(evidence, (event) => event.type === UNCONFIRMED && event.resourceId === resourceId),
    ),
  ),
]

const UNCONFIRMED = 'message.delivery_unconfirmed'
const JOB = { id: 'job', queue: 'inbound', state: 'READY', attempt: 0, reason: null }
