import type { Ledger } from '../../../dev/instagram-simulator/index.ts'
import { attemptOf, BUBBLE, emptySnapshot, heard, NOBODY, type OpenPhone } from './blank-run.ts'
import type { Evidence } from './checker.ts'
import type { ConnectedChannel, Exchange, FeedRecord, ReplyRecord } from './history.ts'
import type { Snapshot, StoredEvent } from './snapshot.ts'

/** What happens in a run that keeps all promises; people and organizations by their index. */
export type Step =
  /** Answered with each of these in turn; null is no answer. Stored once the first 200 is there, or without any. */
  | Readonly<{ kind: 'message'; person: number; answers: readonly (200 | 503 | null)[]; isTyped?: boolean }>
  | Readonly<{ kind: 'poison'; person: number }>
  | Readonly<{
      kind: 'reply'
      person: number
      lostAnswers: number
      becomes: 'SENT' | 'FAILED' | 'UNKNOWN' | 'TOLD' | 'RESENT'
    }>

const T0 = Date.parse('2026-03-01T12:00:00.000Z')
const SECOND = 1_000

/** The evidence of such a run, as a harness would have collected it half an hour after it began. */
export function trueRun(organizations: number, people: number, steps: readonly Step[]): Evidence {
  let serial = 0
  const id = (what: string): string => `${what}-${++serial}`
  let clock = T0
  const now = (): Date => {
    clock += SECOND
    return new Date(clock)
  }
  const snapshot = emptySnapshot()
  const channels: ConnectedChannel[] = []
  const replies: ReplyRecord[] = []
  const exchanges: Exchange[] = []
  const webhooks: Ledger['webhooks'][number][] = []
  const numbers = new Map<string, number>()
  const positions = new Map<string, number>()

  const tell = (orgId: string, type: string, resourceId: string, more: Partial<StoredEvent> = {}): void => {
    const seq = (numbers.get(orgId) ?? 0) + 1
    numbers.set(orgId, seq)
    const [resourceType = ''] = type.split('.')
    snapshot.events.push({
      id: ++serial,
      publicId: id('event'),
      orgId,
      seq,
      type,
      recipientId: null,
      resourceType,
      resourceId,
      data: {},
      occurredAt: new Date(clock),
      ...more,
    })
  }

  for (let index = 0; index < organizations; index++) {
    const orgId = `org-${index}`
    const channel = { orgId, channelId: `channel-${index}`, accountId: `account-${index}` }
    channels.push(channel)
    snapshot.channels.push({ id: channel.channelId, orgId, account: channel.accountId })
    snapshot.members.push({ id: `member-${index}`, orgId, createdAt: now() })
  }
  const phones = Array.from({ length: people }, (_, index): OpenPhone => {
    const { accountId } = channels[index % organizations] as ConnectedChannel
    return { ...NOBODY, id: `person-${index}`, account: accountId, messages: [] }
  })

  /** The customer with all that belongs to them, made by their first message. */
  const homeOf = (person: number) => {
    const { orgId, channelId } = channels[person % organizations] as ConnectedChannel
    const [customerId, conversationId, ticketId] = ['customer', 'conversation', 'ticket'].map(
      (what) => `${what}-${person}`,
    ) as [string, string, string]
    if (!snapshot.customers.some((one) => one.id === customerId)) {
      snapshot.customers.push({ id: customerId, orgId, channelId })
      const externalId = `person-${person}`
      snapshot.identities.push({ id: id('identity'), orgId, channelId, customerId, externalId })
      snapshot.conversations.push({
        id: conversationId,
        orgId,
        channelId,
        customerId,
        surface: 'DM',
        externalKey: externalId,
      })
      snapshot.tickets.push({ id: ticketId, orgId, conversationId, customerId, status: 'OPEN' })
      snapshot.lanes.push({ conversationId, orgId, state: 'IDLE', notBefore: new Date(clock) })
      tell(orgId, 'customer.created', customerId)
      tell(orgId, 'ticket.created', ticketId)
    }
    return { orgId, channelId, conversationId, ticketId, phone: phones[person] as OpenPhone }
  }

  const bubble = (
    phone: OpenPhone,
    from: 'customer' | 'business',
    via: 'graph-api' | 'instagram-app',
    text: string,
  ) => {
    const mid = id('mid')
    phone.messages.push({ ...BUBBLE, mid, from, via, text, at: now() })
    return { mid, at: new Date(clock) }
  }
  const deliver = (phone: OpenPhone, mid: string | null, body: string, answers: readonly (number | null)[]): void => {
    const attempts = answers.map((status) => attemptOf(status, now()))
    const { account } = phone
    webhooks.push({ id: ++serial, account, customer: phone.id, mid, body, status: answers.at(-1) ?? null, attempts })
  }
  const store = (
    home: ReturnType<typeof homeOf>,
    given: Pick<Snapshot['messages'][number], 'direction' | 'content' | 'authorType' | 'status' | 'sentAt'>,
    part: Readonly<{ externalId: string | null; lanePosition: number | null }>,
  ): string => {
    const messageId = id('message')
    const { orgId, channelId, conversationId, ticketId } = home
    const { externalId } = part
    const common = { orgId, ticketId, conversationId, externalId, resendOf: null, historical: false, deletedAt: null }
    snapshot.messages.push({ id: messageId, ...common, createdAt: new Date(clock), ...given })
    const { status } = given
    snapshot.parts.push({ id: id('part'), orgId, messageId, channelId, status, unconfirmedAt: null, ...part })
    tell(orgId, 'message.created', messageId)
    return messageId
  }

  const happen: { [Kind in Step['kind']]: (step: Extract<Step, { kind: Kind }>) => void } = {
    message({ person, answers, isTyped = false }) {
      const home = homeOf(person)
      const { orgId } = home
      const text = id('words')
      const { mid, at } = bubble(
        home.phone,
        isTyped ? 'business' : 'customer',
        isTyped ? 'instagram-app' : 'graph-api',
        text,
      )
      deliver(home.phone, mid, `{"mid":"${mid}"}`, answers)
      if (!answers.includes(200)) return
      snapshot.rawEvents.push({ id: id('raw'), orgId, channelId: home.channelId, status: 'PROCESSED' })
      const who = isTyped
        ? ({ direction: 'OUTBOUND', authorType: 'EXTERNAL', status: 'SENT' } as const)
        : ({ direction: 'INBOUND', authorType: 'CUSTOMER', status: 'RECEIVED' } as const)
      const messageId = store(home, { ...who, content: text, sentAt: at }, { externalId: mid, lanePosition: null })
      if (isTyped) return
      for (const { id: memberId } of snapshot.members.filter((member) => member.orgId === orgId)) {
        const notificationId = id('notification')
        snapshot.notifications.push({ id: notificationId, orgId, memberId, messageId })
        tell(orgId, 'notification.created', notificationId, { recipientId: memberId })
      }
    },
    poison({ person }) {
      const { phone, orgId } = homeOf(person)
      const { mid } = bubble(phone, 'customer', 'graph-api', id('words'))
      const body = `{"mid":"${mid}"}`
      deliver(phone, mid, body, [200])
      snapshot.putAside.push({ where: 'quarantine', orgId, reason: 'unreadable', body })
    },
    reply({ person, lostAnswers, becomes }) {
      const home = homeOf(person)
      const { orgId, conversationId, ticketId } = home
      const text = id('reply')
      const lanePosition = (positions.get(conversationId) ?? 0) + 1
      positions.set(conversationId, lanePosition)
      const arrives = becomes === 'SENT' || becomes === 'RESENT'
      const sentAt = now()
      const sent = arrives ? bubble(home.phone, 'business', 'graph-api', text) : null
      const status = arrives ? 'SENT' : becomes === 'TOLD' ? 'UNKNOWN' : becomes
      const messageId = store(
        home,
        { direction: 'OUTBOUND', authorType: 'MEMBER', status, content: text, sentAt },
        { externalId: sent?.mid ?? null, lanePosition },
      )
      const doubt = { data: { from: 'SENDING', to: status } }
      // In doubt for a minute only, unless somebody was told.
      if (becomes === 'UNKNOWN') doubted(orgId, messageId, T0 + 29 * 60 * SECOND)
      else if (becomes === 'TOLD') {
        doubted(orgId, messageId, clock)
        const occurredAt = new Date(clock + 121 * SECOND)
        tell(orgId, 'message.delivery_unconfirmed', messageId, { occurredAt })
      } else tell(orgId, 'message.status_changed', messageId, doubt)
      if (sent) deliver(home.phone, sent.mid, `{"mid":"${sent.mid}","is_echo":true}`, [200])
      if (becomes === 'RESENT') bubble(home.phone, 'business', 'graph-api', text)
      const path = `/tickets/${ticketId}/messages`
      const tries = [...Array<null>(lostAnswers).fill(null), 201].map(
        (answered): Exchange => ({
          method: 'POST',
          path,
          code: null,
          ...attemptOf(answered, now()),
        }),
      )
      exchanges.push(...tries)
      const resends = becomes === 'RESENT' ? 1 : 0
      replies.push({ orgId, ticketId, key: text, text, tries, answer: { status: 201, messageId }, resends })
    },
  }
  const doubted = (orgId: string, messageId: string, sinceMs: number): void =>
    tell(orgId, 'message.status_changed', messageId, {
      data: { from: 'SENDING', to: 'UNKNOWN' },
      occurredAt: new Date(sinceMs),
    })
  for (const step of steps) (happen[step.kind] as (step: Step) => void)(step)

  const feeds = channels.map(
    ({ orgId }, index): FeedRecord => ({
      orgId,
      memberId: `member-${index}`,
      after: 0,
      events: snapshot.events.filter((event) => event.orgId === orgId).map(heard),
    }),
  )
  const ledger: Ledger = { accounts: [], phones, comments: [], webhooks, calls: [] }
  const takenAt = new Date(T0 + 30 * 60 * SECOND)
  return { ledger, history: { channels, replies, exchanges, feeds }, snapshot: { ...snapshot, takenAt } }
}
