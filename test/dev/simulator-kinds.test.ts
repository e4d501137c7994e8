import test from 'ava'
import { createInstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { type ActionRequest, KINDS } from '../../dev/instagram-simulator/kinds.ts'
import { instagramParser } from '../../src/adapters/instagram/inbound-parser.ts'
import type { InboundEvent } from '../../src/core/channel/inbound-event.ts'
import { ACCOUNT, eventsOf, fixture, fixtureNames, parseOptions } from '../adapters/instagram/fixtures.ts'

const mid = 'aWdfMQZDZD'
type Request = Omit<ActionRequest, 'from' | 'account'>

/** How the simulator is told to send what a fixture holds. */
const REQUESTS: Readonly<Record<string, Request>> = {
  text: { action: 'dm', text: 'hello' },
  'text-unicode': { action: 'dm', text: 'Dæt 👍\nשלום https://a.example' },
  image: { action: 'image' },
  video: { action: 'video' },
  audio: { action: 'audio' },
  file: { action: 'file' },
  share: { action: 'share', type: 'share' },
  'ig-post': { action: 'share' },
  'ig-post-with-share': { action: 'share', twin: true },
  'ig-reel': { action: 'share', type: 'ig_reel' },
  'facebook-reel': { action: 'share', type: 'reel' },
  'story-share': { action: 'share', type: 'story' },
  media: { action: 'share', type: 'media' },
  ephemeral: { action: 'ephemeral' },
  'like-heart': { action: 'like-heart' },
  'unknown-attachment': { action: 'unknown-attachment' },
  'template-echo': { action: 'template-echo', text: 'Lamp' },
  unsupported: { action: 'unsupported' },
  'unsupported-with-text': { action: 'unsupported', text: 'look' },
  'quick-reply': { action: 'quick-reply', text: 'Blue' },
  'reply-to-message': { action: 'dm', text: 'this one', replyTo: mid },
  'story-reply': { action: 'story-reply', text: 'Lovely!' },
  'story-mention': { action: 'story-mention' },
  'ad-referral-message': { action: 'dm', text: 'hi', adId: '120000000000000077', adTitle: 'Autumn', ref: 'autumn' },
  'ad-referral-number': { action: 'dm', text: 'hi', adId: 1200000000000077, adTitle: 'Autumn', ref: 'autumn' },
  'product-referral-message': { action: 'dm', text: 'hi', productId: '5577' },
  'postback-with-referral': { action: 'postback', text: 'Hours', ref: 'autumn' },
  postback: { action: 'postback', text: 'Hours' },
  'standby-postback': { action: 'postback', text: 'Hours', envelope: 'standby' },
  optin: { action: 'optin' },
  echo: { action: 'typed-on-phone', text: 'Yes' },
  'echo-by-business-suite': { action: 'typed-on-phone', text: 'Yes', origin: 'business-suite' },
  'echo-by-other-app': { action: 'typed-on-phone', text: 'Yes', origin: 'other-app' },
  'echo-by-ai': { action: 'typed-on-phone', text: 'Yes', origin: 'ai' },
  unsend: { action: 'unsend', mid },
  'unsend-of-echo': { action: 'unsend', mid, by: 'business' },
  edit: { action: 'edit', mid, text: 'new' },
  'ghost-edit': { action: 'ghost-edit', mid },
  reaction: { action: 'react', mid },
  'reaction-custom-emoji': { action: 'react', mid, emoji: '🧿' },
  'reaction-removed': { action: 'unreact', mid },
  'reaction-removed-by-verb': { action: 'unreact', mid, verb: true },
  read: { action: 'read', mid },
  referral: { action: 'referral', ref: 'autumn' },
  'referral-of-ad': { action: 'referral', adId: '120000000000000077' },
  'referral-of-product': { action: 'referral', productId: '5577' },
  'pass-thread-control': { action: 'pass-thread', to: '222' },
  'pass-thread-control-to-nobody': { action: 'pass-thread' },
  'take-thread-control': { action: 'take-thread', to: '222' },
  'request-thread-control': { action: 'request-thread', to: '333', envelope: 'handovers' },
  'policy-enforcement': { action: 'policy' },
  'self-message': { action: 'self-message', text: 'test' },
  'self-postback': { action: 'self-message', text: 'test', postback: true },
  standby: { action: 'dm', text: 'Anybody?', envelope: 'standby' },
  'unknown-event': { action: 'unknown-event' },
  comment: { action: 'comment', text: 'How much?' },
  'comment-flat': { action: 'comment', text: 'How much?', form: 'flat' },
  'comment-reply': { action: 'comment', text: 'And now?', parentId: '17977000000000000' },
  'comment-on-ad': { action: 'ad-comment', text: 'How much?' },
  'comment-own': { action: 'own-comment', text: 'Thanks!' },
  'comment-own-reply': { action: 'own-comment', text: 'Thanks!', parentId: '17977000000000000' },
  'comment-without-text': { action: 'comment', text: 'x', withoutText: true },
  'live-comment': { action: 'live-comment', text: 'How much?' },
  'mention-in-caption': { action: 'mention', text: '@shop' },
  'mention-in-comment': { action: 'mention', text: '@shop', inComment: true },
  'story-insights': { action: 'story-insights' },
  'unknown-change': { action: 'unknown-change' },
  'reaction-in-changes': { action: 'react', mid, envelope: 'changes' },
  'postback-in-changes': { action: 'postback', text: 'Hours', envelope: 'changes' },
  'read-in-changes': { action: 'read', mid, envelope: 'changes' },
  'referral-in-changes': { action: 'referral', ref: 'autumn', envelope: 'changes' },
  'edit-in-changes': { action: 'edit', mid, text: 'new', envelope: 'changes' },
  'pass-thread-control-in-changes': { action: 'pass-thread', to: '222', envelope: 'changes' },
  'optin-in-changes': { action: 'optin', envelope: 'changes' },
  'message-in-changes': { action: 'dm', text: 'x', envelope: 'changes' },
  'changed-fields': { action: 'changed-fields' },
  'empty-entry': { action: 'empty-entry' },
  'dashboard-message': { action: 'dashboard-test' },
  'dashboard-message-as-messaging': { action: 'dashboard-test', form: 'messaging' },
  'live-comment-burst': { action: 'live-burst', text: 'me', count: 3 },
  'dashboard-comment': { action: 'dashboard-test', field: 'comments' },
  'dashboard-reaction': { action: 'dashboard-test', field: 'message_reactions' },
  'dashboard-postback': { action: 'dashboard-test', field: 'messaging_postbacks' },
  'dashboard-read': { action: 'dashboard-test', field: 'messaging_seen' },
  'dashboard-referral': { action: 'dashboard-test', field: 'messaging_referral' },
  'dashboard-edit': { action: 'dashboard-test', field: 'message_edit' },
  'dashboard-thread-control': { action: 'dashboard-test', field: 'messaging_handover' },
  'dashboard-live-comment': { action: 'dashboard-test', field: 'live_comments' },
  'dashboard-mention': { action: 'dashboard-test', field: 'mentions' },
  'dashboard-story-insights': { action: 'dashboard-test', field: 'story_insights' },
  'page-object': { action: 'page-object', text: 'x' },
}

/** Odd bodies of no kind of their own: they go out by `raw`, which sends any bytes. */
const BY_RAW = new Set([
  'ig-story',
  'story-mention-with-id',
  'image-with-sticker-id',
  'fallback-attachment',
  'attachment-without-type',
  'attachments-null',
  'not-deleted',
  'sticker-echo',
  'template-echo-empty',
  'optin-by-link',
  'optin-stopped',
  'pass-thread-control-numbers',
  'app-roles',
  'delivery',
  'response-feedback',
  'comment-with-comment-id',
  'comment-time-in-milliseconds',
  'every-envelope',
  'unknown-object',
  'several-attachments',
  'reply-to-nothing',
  'story-reply-without-link',
  'postback-without-id',
  'edit-counted-in-text',
  'edit-without-text',
  'echo-without-flag',
  'referral-empty',
  'comment-without-author',
  'comment-without-author-id',
  'comment-without-anything',
  'two-items',
  'two-accounts',
  'wrapped-in-a-list',
  'junk-among-good',
  'bare-number-ids',
])

async function simulated(request: Request): Promise<Buffer> {
  const simulator = await createInstagramSimulator()
  try {
    simulator.account({ id: ACCOUNT })
    return (await simulator.perform({ from: 'mia.torres', ...request }, { hold: true })).body
  } finally {
    await simulator.close()
  }
}

const parsed = (body: Buffer): readonly InboundEvent[] =>
  eventsOf(instagramParser.parse(body, parseOptions({ receivedAt: new Date() })))

/** What of an event does not depend on ids, words and times. */
function shapeOf(event: InboundEvent): object {
  const { type } = event
  if (type === 'unhandled') return { type, known: event.known, reason: event.reason }
  if (type === 'reaction') return { type, name: event.reaction?.name ?? null }
  if (type !== 'message' && type !== 'echo') return { type }
  const { kind, attachments, context, thread, replyToExternalId } = event
  const facts = {
    type,
    kind,
    context: context?.type ?? null,
    hasAd: context?.adId != null,
    surface: thread.surface,
    attachments: attachments.map((one) => [one.type, one.platformType, one.url === null]),
    isReply: replyToExternalId !== null,
  }
  if (type === 'echo') return { ...facts, via: event.via }
  const { referral } = event
  const came = referral && Object.entries(referral).flatMap(([name, value]) => (value === null ? [] : [name]))
  return { ...facts, opensWindow: event.opensWindow, came: came?.filter((name) => name !== 'adTitle') ?? null }
}

for (const [name, request] of Object.entries(REQUESTS)) {
  test(`the simulator sends ${name} as Meta does`, async (t) => {
    const body = await simulated(request)
    t.regex(body.toString(), /^[\x20-\x7e]+$/, 'one line of ASCII')
    t.notRegex(body.toString(), /"(id|mid|comment_id|media_id)":\d/, 'ids are text')
    const events = parsed(body).map(shapeOf)
    t.deepEqual(events, parsed(fixture(name)).map(shapeOf))
  })
}

// proves: simulator.kinds
test('every fixture can be sent, and every kind sends one', (t) => {
  const sendable = [...Object.keys(REQUESTS), ...BY_RAW]
  t.deepEqual(
    fixtureNames.filter((name) => !sendable.includes(name)),
    [],
  )
  const several = ['burst', 'raw']
  const used = [...Object.values(REQUESTS).map(({ action }) => action), ...several]
  t.deepEqual(
    Object.keys(KINDS).filter((kind) => !used.includes(kind)),
    [],
  )
})

test('bursts are one delivery with all of them', async (t) => {
  const live = parsed(await simulated({ action: 'live-burst', text: 'me', count: 30 }))
  t.is(live.length, 30)
  t.true(live.every((event) => event.type === 'message' && event.context?.type === 'LIVE_COMMENT'))
  const direct = parsed(await simulated({ action: 'burst', text: 'hey', count: 5 }))
  t.deepEqual(
    direct.map((event) => event.type === 'message' && event.text),
    ['hey 1', 'hey 2', 'hey 3', 'hey 4', 'hey 5'],
  )
})

test('several deliveries become one: items of an account together, other envelopes beside them', async (t) => {
  const simulator = await createInstagramSimulator()
  t.teardown(simulator.close)
  simulator.account({ id: ACCOUNT })
  const hold = { hold: true }
  const mia = simulator.customer()
  const there = simulator.customer({ account: simulator.account() })
  const all = [
    await simulator.dm(mia, 'one', hold),
    await simulator.read(mia, mid, hold),
    await simulator.comment(mia, 'two', hold),
    await simulator.comment(mia, 'three', { ...hold, form: 'flat' }),
    await simulator.dm(there, 'four', hold),
  ]
  const { entry } = JSON.parse((await simulator.batch(all, hold)).body.toString())
  t.deepEqual(
    entry.map((one: Record<string, unknown[]>) => [
      one['messaging']?.length ?? 0,
      one['changes']?.length ?? 0,
      'field' in one,
    ]),
    [
      [2, 0, false],
      [0, 1, false],
      [0, 0, true],
      [1, 0, false],
    ],
  )
})
