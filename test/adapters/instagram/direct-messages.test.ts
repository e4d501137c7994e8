import test from 'ava'
import { instagramParser } from '../../../src/adapters/instagram/inbound-parser.ts'
import type { InboundEvent } from '../../../src/core/channel/inbound-event.ts'
import { ACCOUNT, AT, bytes, CUSTOMER, delivery, eventsOf, parseOptions, RECEIVED_AT } from './fixtures.ts'

const parse = (item: Record<string, unknown>, entry: Record<string, unknown> = {}) =>
  eventsOf(instagramParser.parse(bytes(delivery(item, entry)), parseOptions()))

const only = (item: Record<string, unknown>, entry: Record<string, unknown> = {}): InboundEvent => {
  const [event, ...others] = parse(item, entry)
  if (event === undefined || others.length > 0) throw new Error(`${others.length + 1} events`)
  return event
}

const message = { mid: 'm.1', text: 'hi' }

test('the account itself never becomes a customer, with or without is_echo', (t) => {
  const parties = { sender: { id: ACCOUNT }, recipient: { id: CUSTOMER } }
  for (const is_echo of [true, false, undefined, null, 'true', 1]) {
    const event = only({ ...parties, message: { ...message, is_echo } })
    t.is(event.type, 'echo')
    t.like(event, { thread: { key: CUSTOMER } })
  }
})

test('an echo whose sender is a stranger is nobody’s message', (t) => {
  const event = only({ message: { ...message, is_echo: true } })
  t.like(event, { type: 'unhandled', known: false, reason: 'contradictory-echo' })
})

test('where neither side is the account, is_echo decides', (t) => {
  const parties = { sender: { id: '1' }, recipient: { id: '2' } }
  t.like(only({ ...parties, message }), { type: 'message', thread: { key: '1' } })
  t.like(only({ ...parties, message: { ...message, is_echo: true } }), { type: 'echo', thread: { key: '2' } })
})

test('a message without its customer, or to itself, makes none', (t) => {
  const reasonOf = (item: Record<string, unknown>) => {
    const event = only({ message, ...item })
    return event.type === 'unhandled' ? event.reason : event.type
  }
  t.is(reasonOf({ sender: null }), 'no-customer')
  t.is(reasonOf({ sender: { id: '' } }), 'no-customer')
  t.is(reasonOf({ sender: { id: { $ne: 1 } } }), 'no-customer')
  t.is(reasonOf({ sender: { id: 'x'.repeat(129) } }), 'no-customer')
  t.is(reasonOf({ sender: { id: ACCOUNT } }), 'self-message')
  t.is(reasonOf({ is_self: true }), 'self-message')
  t.is(reasonOf({ message: { ...message, is_self: true } }), 'self-message')
})

test('an id that no store could index or compare is refused, not repaired', (t) => {
  for (const mid of [undefined, null, '', 'a\0b', '\udc00', 'x'.repeat(513), {}, ['m'], true, 1.5]) {
    t.like(only({ message: { mid, text: 'hi' } }), { type: 'unhandled', known: false, reason: 'no-message-id' })
  }
  t.like(only({ message: { mid: 'x'.repeat(180), text: 'hi' } }), { externalId: 'x'.repeat(180) })
  t.like(only({ message: { mid: 42, text: 'hi' } }), { externalId: '42' })
})

test('characters that cannot be stored are replaced, the message stays', (t) => {
  const event = only({ sender: { id: CUSTOMER, name: 'A\0B' }, message: { mid: 'm.1', text: 'a\0b\ud83d c\ude00 😀' } })
  t.like(event, { text: 'a�b� c� 😀', thread: { person: { name: 'A�B' } } })
})

test('a message that shows nothing is a visible placeholder', (t) => {
  for (const nothing of [
    {},
    { attachments: null },
    { attachments: [] },
    { attachments: [null] },
    { text: '' },
    { text: 7 },
  ]) {
    t.like(only({ message: { mid: 'm.1', ...nothing } }), { type: 'message', kind: 'UNSUPPORTED', text: null })
  }
})

test('a link that a browser would run is not kept', (t) => {
  const urlOf = (url: unknown) => {
    const event = only({ message: { mid: 'm.1', attachments: [{ type: 'image', payload: { url } }] } })
    return event.type === 'message' ? event.attachments[0]?.url : undefined
  }
  t.is(urlOf('https://cdn.example/a'), 'https://cdn.example/a')
  for (const url of [
    'javascript:alert(1)',
    ' https://x',
    'data:text/html,x',
    7,
    '',
    null,
    `https://${'x'.repeat(9000)}`,
  ]) {
    t.is(urlOf(url), null)
  }
})

test('a shared post and its older twin are one attachment, two posts are two', (t) => {
  const share = { type: 'share', payload: { url: 'https://a/1' } }
  const post = { type: 'ig_post', payload: { url: 'https://a/1', ig_post_media_id: '1' } }
  const typesOf = (attachments: unknown) => {
    const event = only({ message: { mid: 'm.1', attachments } })
    return event.type === 'message' ? event.attachments.map(({ platformType }) => platformType) : []
  }
  t.deepEqual(typesOf([share, post]), ['ig_post'])
  t.deepEqual(typesOf([post, share]), ['ig_post'])
  t.deepEqual(typesOf([share, post, share]), ['ig_post', 'share'])
  t.deepEqual(typesOf([share, share]), ['share', 'share'])
})

test('attachment kinds are no way into the prototype', (t) => {
  for (const type of ['__proto__', 'constructor', 'toString', 7, null, undefined]) {
    const event = only({ message: { mid: 'm.1', attachments: [{ type }] } })
    t.like(event, { kind: 'MEDIA', attachments: [{ type: 'OTHER' }] })
  }
})

test('an item with two payloads is both', (t) => {
  const events = parse({ message, referral: { ref: 'x' }, postback: { mid: 'm.2', title: 'Go' } })
  t.deepEqual(events.map((event) => (event.type === 'message' ? event.kind : event.type)).sort(), [
    'POSTBACK',
    'TEXT',
    'referral',
  ])
})

test('a postback without id keeps one id through redelivery, and another tap has another', (t) => {
  const idOf = (item: Record<string, unknown>, entry = {}) => {
    const event = only({ postback: { title: 'Go', payload: 'GO' }, ...item }, entry)
    return event.type === 'message' ? String(event.externalId) : ''
  }
  const first = idOf({})
  t.regex(first, /^postback:[0-9a-f]{40}$/)
  t.is(idOf({}, { time: 1_789_000_999_999 }), first, 'a redelivery may carry another entry time')
  t.not(idOf({ timestamp: AT.getTime() + 1 }), first)
  t.not(idOf({ sender: { id: '5' } }), first)
  t.not(idOf({ postback: { title: 'Go', payload: 'NO' } }), first)
  t.regex(idOf({ timestamp: { toString: 1, valueOf: 1 } }), /^postback:/)
})

test('an opt-in names its person and is no message', (t) => {
  t.like(only({ optin: { ref: 'from-a-link' } }), { type: 'optin', payload: 'from-a-link', thread: { key: CUSTOMER } })
  t.like(only({ optin: { type: 'notification_messages' }, sender: null }), { type: 'unhandled', reason: 'no-customer' })
})

test('an opt-in keeps one id through redelivery, and another time, person, payload or its end has another', (t) => {
  const idOf = (item: Record<string, unknown>, entry = {}) => {
    const event = only({ optin: { payload: 'GO' }, ...item }, entry)
    return event.type === 'optin' ? String(event.externalId) : ''
  }
  const first = idOf({})
  t.regex(first, /^optin:[0-9a-f]{40}$/)
  t.is(idOf({}, { time: 1_789_000_999_999 }), first, 'a redelivery may carry another entry time')
  t.not(idOf({ timestamp: AT.getTime() + 1 }), first)
  t.not(idOf({ sender: { id: '5' } }), first)
  t.not(idOf({ optin: { payload: 'NO' } }), first)
  t.not(idOf({ optin: { payload: 'GO', notification_messages_status: 'STOP_NOTIFICATIONS' } }), first)
})

test('an edit counts only with a text and a plausible number; without a text it announces the message', (t) => {
  const edit = (given: object) => only({ message_edit: { mid: 'm.1', text: 'new', num_edit: 1, ...given } })
  t.like(edit({}), { type: 'edit', revision: 1, text: 'new' })
  t.like(edit({ num_edit: 0 }), { type: 'announced', externalId: 'm.1' })
  t.like(edit({ text: '' }), { type: 'announced', externalId: 'm.1' })
  t.like(edit({ num_edit: 0, mid: null }), { type: 'unhandled', known: true, reason: 'ghost-edit' })
  for (const num_edit of [-1, 1.5, 1e9, null, 'x', {}]) {
    t.like(edit({ num_edit }), { type: 'unhandled', known: false, reason: 'unusable-edit' })
  }
})

// proves: time.units
test('times are read in seconds, milliseconds and strings of both', (t) => {
  const seconds = 1_789_000_000
  for (const timestamp of [
    seconds,
    String(seconds),
    seconds * 1000,
    String(seconds * 1000),
    '2026-09-10T00:26:40+0000',
  ]) {
    t.deepEqual(only({ timestamp, message }).at, new Date(seconds * 1000))
  }
})

// proves: time.absurd
test('a missing or absurd time falls back to the entry’s, then to that of receipt', (t) => {
  const day = 24 * 60 * 60 * 1000
  const absurd = [
    undefined,
    null,
    '',
    'soon',
    {},
    [],
    true,
    -1,
    0,
    1e30,
    '1e30',
    1_262_303_999_000,
    RECEIVED_AT.getTime() + day + 1,
  ]
  for (const timestamp of absurd) {
    t.deepEqual(only({ timestamp, message }, { time: 1_789_000_000 }).at, new Date(1_789_000_000_000))
    for (const time of absurd) t.deepEqual(only({ timestamp, message }, { time }).at, RECEIVED_AT)
  }
  const atTheEdge = RECEIVED_AT.getTime() + day
  t.is(only({ timestamp: atTheEdge, message }).at.getTime(), atTheEdge)
})

// proves: envelope.thousand
test('a thousand events of one delivery keep their order and take well under a second', (t) => {
  const item = (n: number) => ({
    sender: { id: CUSTOMER },
    recipient: { id: ACCOUNT },
    timestamp: AT.getTime() + n,
    message: { mid: `m.${n}`, text: `line ${n}` },
  })
  const body = bytes({
    object: 'instagram',
    entry: [{ id: ACCOUNT, time: AT.getTime(), messaging: Array.from({ length: 1000 }, (_, n) => item(n)) }],
  })
  const begun = performance.now()
  const events = eventsOf(instagramParser.parse(body, parseOptions()))
  const tookMs = performance.now() - begun
  t.is(events.length, 1000)
  t.true(events.every((event, n) => event.type === 'message' && String(event.externalId) === `m.${n}`))
  t.true(tookMs < 10_000, `${tookMs} ms`)
})
