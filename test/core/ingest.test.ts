import test from 'ava'
import type { InboundEvent } from '../../src/core/channel/inbound-event.ts'
import type {
  ConversationId,
  CustomerId,
  ExternalMessageId,
  ExternalUserId,
  MemberId,
  MessageId,
  PartId,
  TicketId,
} from '../../src/core/ids.ts'
import { type IngestRules, ingest } from '../../src/core/message/ingest.ts'
import type { ConversationState, IntakeState } from '../../src/ports/intake-store.ts'
import { aMessage, anEcho, anEdit, anItem, anUnsend, aThread, minutes, T0 } from '../builders/events.ts'

const rules = (): IngestRules => {
  let count = 0
  return {
    nextId: () => `id-${++count}`,
    reopenWindowMs: 72 * 3_600_000,
    via: 'PLATFORM',
    hasProfiles: true,
    hasMedia: true,
  }
}

const aConversation = (change: Partial<ConversationState> = {}): ConversationState => ({
  id: 'conversation' as ConversationId,
  customerId: 'customer' as CustomerId,
  surface: 'DM',
  key: 'ann',
  person: 'ann' as ExternalUserId,
  windowOpenedAt: null,
  readUntil: null,
  firstReferral: null,
  lastReferral: null,
  threadOwner: null,
  unseen: [],
  open: null,
  newestResolved: null,
  joined: null,
  inFlight: [],
  publicInFlight: [],
  ...change,
})

const aState = (change: Partial<IntakeState> = {}): IntakeState => ({
  memberIds: ['member-1', 'member-2'] as MemberId[],
  conversations: [aConversation()],
  newCustomers: [],
  parts: new Map(),
  tombstones: new Map(),
  early: new Map(),
  reactions: [],
  optIns: new Set(),
  ...change,
})

const types = (events: readonly { type: string }[]) => events.map(({ type }) => type)

test('first contact opens a ticket and notifies every member once', (t) => {
  const { changes, events } = ingest(aState(), [anItem(aMessage())], rules())
  t.is(changes.tickets.length, 1)
  t.is(changes.tickets[0]?.status, 'OPEN')
  t.deepEqual(types(events), ['ticket.created', 'message.created', 'notification.created', 'notification.created'])
  t.deepEqual(
    changes.notifications.map(({ memberId, type }) => [memberId, type]),
    [
      ['member-1', 'TICKET_NEW_UNASSIGNED'],
      ['member-2', 'TICKET_NEW_UNASSIGNED'],
    ],
  )
})

test('an opt-in is told once, opens nothing and notifies nobody, and one that was told is not told again', (t) => {
  const optIn: InboundEvent = {
    type: 'optin',
    thread: aThread(),
    externalId: 'o1' as ExternalMessageId,
    agrees: true,
    payload: 'weekly',
    at: minutes(1),
  }
  const { changes, events } = ingest(aState(), [anItem(optIn), anItem(optIn)], rules())
  t.deepEqual(types(events), ['customer.opted_in'])
  t.like(events[0], { ticketId: null, data: { payload: 'weekly', at: minutes(1).toISOString() } })
  t.deepEqual(changes.optIns, ['o1'])
  t.deepEqual([changes.tickets, changes.notifications, changes.windows], [[], [], []])
  const again = ingest(aState({ optIns: new Set([optIn.externalId]) }), [anItem(optIn)], rules())
  t.deepEqual([again.events, again.changes.optIns], [[], []])
  t.deepEqual(types(ingest(aState(), [anItem({ ...optIn, agrees: false })], rules()).events), ['customer.opted_out'])
})

test('a second message goes to the ticket that the first one opened', (t) => {
  const { changes } = ingest(
    aState(),
    [anItem(aMessage({ externalId: 'm2', at: minutes(1) })), anItem(aMessage())],
    rules(),
  )
  t.is(changes.tickets.length, 1)
  t.deepEqual(
    changes.messages.map(({ externalId }) => String(externalId)),
    ['m1', 'm2'],
  )
  t.is(new Set(changes.messages.map(({ ticketId }) => ticketId)).size, 1)
  t.deepEqual(
    changes.notifications.map(({ type }) => type),
    ['TICKET_NEW_UNASSIGNED', 'TICKET_NEW_UNASSIGNED', 'CUSTOMER_REPLIED', 'CUSTOMER_REPLIED'],
  )
})

for (const status of ['PENDING', 'SNOOZED'] as const) {
  test(`a customer's message sets a ${status} ticket to OPEN`, (t) => {
    const state = aState({ conversations: [aConversation({ open: { id: 'ticket' as TicketId, status } })] })
    const { changes, events } = ingest(state, [anItem(aMessage())], rules())
    t.deepEqual(changes.ticketStatuses, [{ id: 'ticket' as TicketId, status: 'OPEN' }])
    t.like(events[0], { type: 'ticket.status_changed', data: { from: status, to: 'OPEN' } })
  })
}

const resolvedAt = (at: Date) =>
  aState({ conversations: [aConversation({ newestResolved: { id: 'old' as TicketId, resolvedAt: at } })] })

test('a message within the reopen window reopens the newest resolved ticket', (t) => {
  const { changes, events } = ingest(resolvedAt(minutes(-72 * 60)), [anItem(aMessage())], rules())
  t.deepEqual(changes.ticketStatuses, [{ id: 'old' as TicketId, status: 'OPEN' }])
  t.is(changes.tickets.length, 0)
  t.is(events[0]?.type, 'ticket.reopened')
})

test('a message from before the resolution, delivered late, reopens too', (t) => {
  const { changes } = ingest(resolvedAt(minutes(30)), [anItem(aMessage())], rules())
  t.deepEqual(changes.ticketStatuses, [{ id: 'old' as TicketId, status: 'OPEN' }])
})

test('a message after the reopen window opens a new ticket that names the previous one', (t) => {
  const { changes } = ingest(resolvedAt(new Date(minutes(-72 * 60).getTime() - 1)), [anItem(aMessage())], rules())
  t.is(changes.tickets[0]?.previousTicketId, 'old' as TicketId)
  t.deepEqual(changes.ticketStatuses, [])
})

test('an echo joins the newest ticket, even a resolved one, and changes nothing about it', (t) => {
  const { changes, events } = ingest(resolvedAt(minutes(-5)), [anItem(anEcho())], rules())
  t.like(changes.messages[0], {
    ticketId: 'old' as TicketId,
    direction: 'OUTBOUND',
    authorType: 'EXTERNAL',
    via: 'PLATFORM_APP',
    status: 'SENT',
  })
  t.deepEqual(changes.ticketStatuses, [])
  t.deepEqual(changes.notifications, [])
  t.deepEqual(changes.windows, [])
  t.deepEqual(types(events), ['message.created'])
})

test('an echo to somebody unknown makes a PENDING ticket and notifies nobody', (t) => {
  const { changes } = ingest(aState({ newCustomers: ['customer' as CustomerId] }), [anItem(anEcho())], rules())
  t.is(changes.tickets[0]?.status, 'PENDING')
  t.deepEqual(changes.notifications, [])
})

test('a profile is looked up when somebody first writes a direct message, and not before: the platform would refuse', (t) => {
  const looked = (events: readonly InboundEvent[], conversation: Partial<ConversationState> = {}) =>
    ingest(aState({ conversations: [aConversation(conversation)] }), events.map(anItem), rules()).changes.lookUps
  const ann = [{ customerId: 'customer' as CustomerId, person: 'ann' as ExternalUserId, requestId: 'test-request' }]
  t.deepEqual(looked([aMessage(), aMessage({ externalId: 'm2' })]), ann)
  // Somebody whom the account wrote to first, or who commented before.
  t.deepEqual(looked([aMessage()], { open: { id: 'ticket' as TicketId, status: 'PENDING' } }), ann)
  t.deepEqual(looked([aMessage()], { windowOpenedAt: minutes(-1) }), [])
  t.deepEqual(looked([anEcho()]), [])
  const surface = 'COMMENT' as const
  const comment = aMessage({ kind: 'COMMENT', thread: { ...aThread(), surface } })
  t.deepEqual(looked([comment], { surface }), [])
})

test('an echo and a message in one batch leave the ticket OPEN, whichever is older', (t) => {
  for (const at of [minutes(-1), minutes(1)]) {
    const { changes } = ingest(aState(), [anItem(anEcho({ at })), anItem(aMessage())], rules())
    t.deepEqual(
      changes.tickets.map(({ status }) => status),
      ['OPEN'],
    )
  }
})

test('a known message changes nothing', (t) => {
  const part = {
    partId: 'p' as PartId,
    messageId: 'm' as MessageId,
    ticketId: 't' as TicketId,
    conversationId: 'c' as ConversationId,
    direction: 'INBOUND',
    isOurs: false,
    isOneOfSeveral: false,
    sentAt: T0,
    deletedAt: null,
    edit: null,
  } as const
  const { changes, events } = ingest(
    aState({ parts: new Map([['m1' as ExternalMessageId, part]]) }),
    [anItem(aMessage())],
    rules(),
  )
  t.deepEqual([changes.messages, changes.tickets, changes.notifications, changes.windows, events], [[], [], [], [], []])
})

test('a repeat within one batch is taken once', (t) => {
  const { changes } = ingest(aState(), [anItem(aMessage()), anItem(aMessage())], rules())
  t.is(changes.messages.length, 1)
})

test('an echo of a send under way proves it instead of making a second message', (t) => {
  const inFlight = {
    partId: 'p' as PartId,
    messageId: 'm' as MessageId,
    ticketId: 'ticket' as TicketId,
    status: 'SENDING' as const,
    others: [],
    kind: 'TEXT' as const,
    attachmentType: null,
    text: 'Good day',
    sentAt: T0,
    startedAt: minutes(1),
  }
  const state = aState({
    conversations: [aConversation({ open: { id: 'ticket' as TicketId, status: 'OPEN' }, inFlight: [inFlight] })],
  })
  const { changes, events } = ingest(state, [anItem(anEcho({ at: minutes(1) }))], rules())
  t.deepEqual(changes.messages, [])
  t.deepEqual(changes.proven, [
    { inFlight, conversationId: 'conversation' as ConversationId, externalId: 'e1' as ExternalMessageId },
  ])
  t.like(events[0], { type: 'message.status_changed', data: { from: 'SENDING', to: 'SENT' } })
})

// proves: echo.same-words
test('the same words typed twice on the phone prove one send and make one message', (t) => {
  const inFlight = {
    partId: 'p' as PartId,
    messageId: 'm' as MessageId,
    ticketId: 'ticket' as TicketId,
    status: 'SENDING' as const,
    others: [],
    kind: 'TEXT' as const,
    attachmentType: null,
    text: 'Good day',
    sentAt: T0,
    startedAt: T0,
  }
  const state = aState({
    conversations: [aConversation({ open: { id: 'ticket' as TicketId, status: 'OPEN' }, inFlight: [inFlight] })],
  })
  const { changes } = ingest(state, [anItem(anEcho()), anItem(anEcho({ externalId: 'e2', at: minutes(1) }))], rules())
  t.is(changes.proven.length, 1)
  t.deepEqual(
    changes.messages.map(({ externalId }) => String(externalId)),
    ['e2'],
  )
})

test('an echo with other words, or from long before the send, proves nothing', (t) => {
  const inFlight = {
    partId: 'p' as PartId,
    messageId: 'm' as MessageId,
    ticketId: 'ticket' as TicketId,
    status: 'SENDING' as const,
    others: [],
    kind: 'TEXT' as const,
    attachmentType: null,
    text: 'Good day',
    sentAt: T0,
    startedAt: minutes(30),
  }
  const state = aState({
    conversations: [aConversation({ open: { id: 'ticket' as TicketId, status: 'OPEN' }, inFlight: [inFlight] })],
  })
  for (const echo of [anEcho({ text: 'Something else', at: minutes(31) }), anEcho({ at: minutes(1) })]) {
    const { changes } = ingest(state, [anItem(echo)], rules())
    t.is(changes.proven.length, 0)
    t.is(changes.messages.length, 1)
  }
})

// proves: said.unsend-early
test('a message that comes after its unsend makes its ticket, without content and without a notification', (t) => {
  const { changes } = ingest(
    aState({ tombstones: new Map([['m1' as ExternalMessageId, minutes(2)]]) }),
    [anItem(aMessage())],
    rules(),
  )
  t.is(changes.tickets.length, 1)
  t.like(changes.messages[0], { content: null, deletedAt: minutes(2) })
  t.deepEqual(changes.notifications, [])
  t.is(changes.windows.length, 1)
})

// proves: said.unsend-early
test('an unsend leaves a tombstone with the earliest time, known message or not', (t) => {
  const { changes, events } = ingest(
    aState(),
    [anItem(anUnsend('m9', minutes(5))), anItem(anUnsend('m9', minutes(3)))],
    rules(),
  )
  t.deepEqual(changes.tombstones, [{ externalId: 'm9' as ExternalMessageId, at: minutes(3) }])
  t.deepEqual(events, [])
})

// proves: said.edit-out-of-order
test('the highest revision of an edit wins, whatever the order, and never over an unsend', (t) => {
  const items = [anItem(anEdit('m1', 'second', 2)), anItem(aMessage()), anItem(anEdit('m1', 'first', 1))]
  t.deepEqual(
    ingest(aState(), items, rules()).changes.edits.map(({ edit }) => edit.text),
    ['second'],
  )
  t.deepEqual(ingest(aState(), [...items, anItem(anUnsend('m1'))], rules()).changes.edits, [])
})

test('the window opens at the latest opening event by the platform’s time', (t) => {
  const items = [
    anItem(aMessage({ externalId: 'm2', at: minutes(9) })),
    anItem(aMessage()),
    anItem(aMessage({ externalId: 'm3', at: minutes(20), opensWindow: false })),
  ]
  t.deepEqual(
    ingest(aState(), items, rules()).changes.windows.map(({ openedAt }) => openedAt),
    [minutes(9)],
  )
})

test('what is not understood is counted, what is understood and not a message is not', (t) => {
  const items = [
    anItem({ type: 'unhandled', known: false, reason: 'new-thing', at: T0 }),
    anItem({ type: 'unhandled', known: true, reason: 'read', at: T0 }),
  ]
  const { unknown, changes } = ingest(aState(), items, rules())
  t.is(unknown, 1)
  t.deepEqual(changes.messages, [])
})
