import test from 'ava'
import { instagramParser } from '../../src/adapters/instagram/inbound-parser.ts'
import type { MediaJob } from '../../src/core/channel/look-up-media.ts'
import type { RawEventId } from '../../src/core/ids.ts'
import type { MediaAnswer } from '../../src/ports/channel-adapter.ts'
import { ACCOUNT, AT, CUSTOMER, fixture, fixtureNames } from '../adapters/instagram/fixtures.ts'
import { type CoreOnDatabase, coreOn, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { all, inboxState } from '../support/inbox-state.ts'
import { ids } from '../support/seed.ts'
import { onServer } from '../support/template.ts'

// What each kind of event is in the inbox. The store's profiles differ in nothing that shows here: on one of them.

const HOUR_MS = 3_600_000
let now = new Date(AT.getTime() + HOUR_MS)
const clock = { now: () => now, monotonicMs: () => performance.now() }
let db: TestDatabase
let on: CoreOnDatabase
let answer: MediaAnswer = { status: 'retry', afterMs: null, detail: 'nobody has said' }

test.before(async () => {
  db = await testDatabase('embedded')
  const media = { look: async () => answer, mention: async () => ({ status: 'gone', detail: 'a test' }) as const }
  on = coreOn(db, { parser: instagramParser, clock, media })
})
test.after.always(() => db.close())

/** A body, as it came to this inbox's account. */
const receive = (inbox: Inbox, body: string, receivedAt = new Date(AT.getTime() + 200_000)) =>
  on.core.receiveWebhooks([
    {
      id: ids.next() as RawEventId,
      orgId: inbox.orgId,
      channelId: inbox.channelId,
      body: Buffer.from(body.replaceAll(ACCOUNT, inbox.account)),
      verified: true,
      receivedAt,
      requestId: 'a-test',
    },
  ])
const given = (name: string) => fixture(name).toString()

/** `kind status (window): message kinds “preview”, notifications`, a line for each ticket. */
async function shown(inbox: Inbox): Promise<readonly string[]> {
  const { threads } = await inboxState(on.queries, inbox.orgId)
  const told = await all((page) => on.queries.notifications(inbox.orgId, inbox.memberId, {}, page))
  const lines = threads.map(
    ({ kind, status, window, messages, lastMessagePreview }) =>
      `${kind} ${status} (${window?.state}): ${messages.map((message) => message.kind).join()} “${lastMessagePreview}”`,
  )
  return told.length > 0 ? [...lines, `told ${told.length}`] : lines
}

/** What is there after a body that comes first: nothing for what speaks of messages and conversations that are not there. */
const TABLE: readonly (readonly [shows: string, ...fixtures: string[]])[] = [
  ['COMMENT OPEN (OPEN): COMMENT “What does it cost?” / DM OPEN (OPEN): TEXT “for the first” / told 2', 'two-accounts'],
  ['COMMENT OPEN (OPEN): COMMENT “What does it cost?” / DM OPEN (OPEN): TEXT “still here” / told 2', 'junk-among-good'],
  [
    'COMMENT OPEN (OPEN): COMMENT “What does it cost?” / told 1',
    'comment-flat',
    'comment-on-ad',
    'comment-reply',
    'comment-time-in-milliseconds',
    'comment-with-comment-id',
    'comment-without-author-id',
    'comment-without-author',
    'comment',
    'live-comment',
  ],
  ['COMMENT OPEN (OPEN): COMMENT “[Comment]” / told 1', 'comment-without-anything', 'comment-without-text'],
  [
    'COMMENT OPEN (OPEN): COMMENT,COMMENT “What does it cost?” / DM OPEN (OPEN): TEXT,TEXT “two” / told 4',
    'every-envelope',
  ],
  ['COMMENT OPEN (OPEN): COMMENT,COMMENT,COMMENT “me 3” / told 3', 'live-comment-burst'],
  ['DM OPEN (OPEN): MEDIA “Front and back” / told 1', 'several-attachments'],
  [
    'DM OPEN (OPEN): MEDIA “[Attachment]” / told 1',
    'attachment-without-type',
    'ephemeral',
    'like-heart',
    'unknown-attachment',
  ],
  ['DM OPEN (OPEN): MEDIA “[File]” / told 1', 'file'],
  ['DM OPEN (OPEN): MEDIA “[Image]” / told 1', 'image-with-sticker-id', 'image'],
  [
    'DM OPEN (OPEN): MEDIA “[Shared post]” / told 1',
    'facebook-reel',
    'ig-post-with-share',
    'ig-post',
    'ig-reel',
    'ig-story',
    'media',
    'share',
    'story-share',
  ],
  ['DM OPEN (OPEN): MEDIA “[Video]” / told 1', 'video'],
  ['DM OPEN (OPEN): MEDIA “[Voice message]” / told 1', 'audio'],
  ['DM OPEN (OPEN): MEDIA “https://shop.example/lamp” / told 1', 'fallback-attachment'],
  [
    'DM OPEN (OPEN): POSTBACK “Opening hours” / told 1',
    'postback-in-changes',
    'postback-with-referral',
    'postback',
    'standby-postback',
  ],
  ['DM OPEN (OPEN): POSTBACK “Talk to a person” / told 1', 'postback-without-id'],
  ['DM OPEN (OPEN): QUICK_REPLY “Blue” / told 1', 'quick-reply'],
  ['DM OPEN (OPEN): STORY_MENTION “[Story mention]” / told 1', 'story-mention-with-id', 'story-mention'],
  ['DM OPEN (OPEN): STORY_REPLY “Lovely!” / told 1', 'story-reply'],
  ['DM OPEN (OPEN): STORY_REPLY “❤️” / told 1', 'story-reply-without-link'],
  ['DM OPEN (OPEN): TEXT “Anybody here?” / told 1', 'standby'],
  ['DM OPEN (OPEN): TEXT “Do you ship to Iceland?” / told 1', 'attachments-null', 'not-deleted', 'text'],
  ['DM OPEN (OPEN): TEXT “Dæt er godt 👍‍ ‫שלום https://shop.example/a” / told 1', 'text-unicode'],
  ['DM OPEN (OPEN): TEXT “Still available?” / told 1', 'ad-referral-message', 'ad-referral-number'],
  ['DM OPEN (OPEN): TEXT “Which size?” / told 1', 'product-referral-message'],
  ['DM OPEN (OPEN): TEXT “from the list of changes” / told 1', 'message-in-changes'],
  ['DM OPEN (OPEN): TEXT “hm” / told 1', 'reply-to-nothing'],
  ['DM OPEN (OPEN): TEXT “one” / told 1', 'two-items'],
  ['DM OPEN (OPEN): TEXT “this one” / told 1', 'reply-to-message'],
  ['DM OPEN (OPEN): TEXT “wrapped” / told 1', 'wrapped-in-a-list'],
  ['DM OPEN (OPEN): UNSUPPORTED “[Unsupported message]” / told 1', 'unsupported'],
  ['DM OPEN (OPEN): UNSUPPORTED “look at this” / told 1', 'unsupported-with-text'],
  ['DM PENDING (CLOSED): MEDIA “[Attachment]”', 'template-echo-empty', 'template-echo'],
  [
    'DM PENDING (CLOSED): TEXT “Yes, within a week”',
    'echo-by-ai',
    'echo-by-business-suite',
    'echo-by-other-app',
    'echo-without-flag',
    'echo',
  ],
  ['DM PENDING (CLOSED): UNSUPPORTED “[Unsupported message]”', 'sticker-echo'],
  ['MENTION OPEN (CLOSED): MENTION “[Mention]” / told 1', 'mention-in-caption', 'mention-in-comment'],
  [
    '',
    'app-roles',
    'changed-fields',
    'comment-own-reply',
    'comment-own',
    'dashboard-comment',
    'dashboard-edit',
    'dashboard-live-comment',
    'dashboard-mention',
    'dashboard-message-as-messaging',
    'dashboard-message',
    'dashboard-postback',
    'dashboard-reaction',
    'dashboard-read',
    'dashboard-referral',
    'dashboard-story-insights',
    'dashboard-thread-control',
    'delivery',
    'edit-counted-in-text',
    'edit-in-changes',
    'edit-without-text',
    'edit',
    'empty-entry',
    'ghost-edit',
    'optin-by-link',
    'optin-in-changes',
    'optin-stopped',
    'optin',
    'page-object',
    'pass-thread-control-in-changes',
    'pass-thread-control-numbers',
    'pass-thread-control-to-nobody',
    'pass-thread-control',
    'policy-enforcement',
    'reaction-custom-emoji',
    'reaction-in-changes',
    'reaction-removed-by-verb',
    'reaction-removed',
    'reaction',
    'read-in-changes',
    'read',
    'referral-empty',
    'referral-in-changes',
    'referral-of-ad',
    'referral-of-product',
    'referral',
    'request-thread-control',
    'response-feedback',
    'self-message',
    'self-postback',
    'story-insights',
    'take-thread-control',
    'unknown-change',
    'unknown-event',
    'unknown-object',
    'unsend-of-echo',
    'unsend',
  ],
  // Its account is a number, which no other one's can be put in the place of.
  ['not looked at', 'bare-number-ids'],
]

for (const [shows, ...names] of TABLE) {
  if (shows === 'not looked at') continue
  test.serial(`${names.join(', ')}: ${shows || 'nothing that an agent sees'}`, async (t) => {
    const one = await seedInbox(on.orm)
    for (const name of names) {
      const inbox = shows === '' ? one : await seedInbox(on.orm)
      await receive(inbox, given(name))
      t.is((await shown(inbox)).join(' / '), shows, name)
    }
  })
}

test('every fixture has its line', (t) => {
  t.deepEqual(TABLE.flatMap(([, ...names]) => names).toSorted(), fixtureNames.toSorted())
})

/** What fixtures make of the message of another, `text`, and of its ticket. */
const SAID: readonly (readonly [shows: string, ...fixtures: string[]])[] = [
  ['Do you ship to Norway?, edited', 'edit-counted-in-text', 'edit-in-changes', 'edit'],
  [
    'owner 222',
    'pass-thread-control-in-changes',
    'pass-thread-control-numbers',
    'pass-thread-control',
    'take-thread-control',
  ],
  ['owner null', 'pass-thread-control-to-nobody'],
  ['🧿', 'reaction-custom-emoji'],
  ['❤️', 'reaction-in-changes', 'reaction'],
  ['came by IGME_SOURCE_LINK', 'referral-in-changes', 'referral'],
  ['came by ADS', 'referral-of-ad'],
  ['came by null', 'referral-of-product'],
  ['[Message unsent], deleted', 'unsend-of-echo', 'unsend'],
]
const SAYS_NOTHING = [
  'app-roles',
  'changed-fields',
  'comment-own',
  'comment-own-reply',
  'delivery',
  'edit-without-text',
  'empty-entry',
  'ghost-edit',
  'optin',
  'optin-by-link',
  'optin-in-changes',
  'optin-stopped',
  'page-object',
  'policy-enforcement',
  'reaction-removed',
  'reaction-removed-by-verb',
  'read',
  'read-in-changes',
  'referral-empty',
  'request-thread-control',
  'response-feedback',
  'self-message',
  'self-postback',
  'story-insights',
  'unknown-change',
  'unknown-event',
  'unknown-object',
]

for (const [shows, ...names] of SAID) {
  test.serial(`after their message, ${names.join(', ')}: ${shows}`, async (t) => {
    for (const name of names) {
      const inbox = await seedInbox(on.orm)
      await receive(inbox, given('text'))
      await receive(inbox, given(name))
      t.is((await said(inbox)).replace('Do you ship to Iceland?, ', ''), shows, name)
      t.is((await shown(inbox)).at(-1), 'told 1')
    }
  })
}

test.serial('what says nothing of a message changes nothing of it', async (t) => {
  const inbox = await seedInbox(on.orm)
  await receive(inbox, given('text'))
  for (const name of SAYS_NOTHING) await receive(inbox, given(name))
  t.is(await said(inbox), 'Do you ship to Iceland?')
  t.deepEqual(await shown(inbox), ['DM OPEN (OPEN): TEXT “Do you ship to Iceland?”', 'told 1'])
})

async function said(inbox: Inbox): Promise<string> {
  const [thread] = (await inboxState(on.queries, inbox.orgId)).threads
  const [message] = thread?.messages ?? []
  const facts = [
    thread?.lastMessagePreview,
    message?.editedAt && 'edited',
    message?.deletedAt && 'deleted',
    ...(message?.reactions ?? []).map(({ emoji, name }) => emoji ?? name),
    thread?.threadOwner && `owner ${thread.threadOwner.appId}`,
    thread?.referrals?.last && `came by ${thread.referrals.last.source}`,
  ]
  return facts.filter(Boolean).join(', ')
}

const dm = (item: Record<string, unknown>, at = AT.getTime()) =>
  JSON.stringify({
    object: 'instagram',
    entry: [
      {
        id: ACCOUNT,
        time: at,
        messaging: [{ sender: { id: CUSTOMER }, recipient: { id: ACCOUNT }, timestamp: at, ...item }],
      },
    ],
  })
const reaction = (action: 'react' | 'unreact', name: string, at: number) =>
  dm(
    { reaction: { mid: 'm.1', action, ...(action === 'react' && { reaction: name, emoji: name }) } },
    AT.getTime() + at,
  )

// proves: said.react-replaced
test.serial('a reaction replaces the one before it, whichever came first', async (t) => {
  for (const order of [
    [1, 2],
    [2, 1],
  ]) {
    const inbox = await seedInbox(on.orm)
    await receive(inbox, given('text'))
    for (const nth of order) await receive(inbox, reaction('react', `reaction ${nth}`, nth))
    t.regex(await said(inbox), /, reaction 2$/)
  }
})

// proves: said.unreact-first
test.serial('a reaction that was taken back before it came is not there', async (t) => {
  const inbox = await seedInbox(on.orm)
  await receive(inbox, given('text'))
  await receive(inbox, reaction('unreact', '', 2))
  await receive(inbox, reaction('react', 'love', 1))
  t.is(await said(inbox), 'Do you ship to Iceland?')
})

// proves: said.unsend-after-closing
test.serial('a message that is taken back after its ticket was resolved does not open it', async (t) => {
  const inbox = await seedInbox(on.orm)
  await receive(inbox, given('text'))
  const [ticket] = await all((page) => on.queries.tickets(inbox.orgId, {}, page))
  if (!ticket) return t.fail()
  await on.core.updateTicket(inbox.actor, { ticketId: ticket.id, status: 'RESOLVED' })
  await receive(inbox, given('unsend'))
  t.deepEqual(await shown(inbox), ['DM RESOLVED (OPEN): TEXT “[Message unsent]”', 'told 1'])
})

const comment = (id: string, from: string, post: string) =>
  JSON.stringify({
    object: 'instagram',
    entry: [
      {
        id: ACCOUNT,
        time: AT.getTime(),
        changes: [
          { field: 'comments', value: { id, text: id, from: { id: from, username: from }, media: { id: post } } },
        ],
      },
    ],
  })

// proves: comment.one-ticket
test.serial('comments of one person under one post are one ticket, of another person or post another', async (t) => {
  const inbox = await seedInbox(on.orm)
  for (const [id, from, post] of [
    ['11', '21', '31'],
    ['12', '21', '31'],
    ['13', '22', '31'],
    ['14', '21', '32'],
  ] as const)
    await receive(inbox, comment(id, from, post))
  t.deepEqual(
    (await shown(inbox)).toSorted(),
    ['COMMENT “13”', 'COMMENT “14”', 'COMMENT,COMMENT “12”']
      .map((shows) => `COMMENT OPEN (OPEN): ${shows}`)
      .concat('told 4'),
  )
})

test.serial('a burst of live comments is one customer, one ticket and one look-up, and each is told', async (t) => {
  const inbox = await seedInbox(on.orm)
  await receive(inbox, given('live-comment-burst'))
  await receive(inbox, given('live-comment-burst').replaceAll(/1797700000000000(\d)/g, '1797700000000001$1'))
  const { customers } = await inboxState(on.queries, inbox.orgId)
  t.is(customers.length, 1)
  t.deepEqual(await shown(inbox), [`COMMENT OPEN (OPEN): ${Array(6).fill('COMMENT').join()} “me 3”`, 'told 6'])
  t.is((await mediaAsked(inbox)).length, 1)
})

/** The posts and stories that look-ups are waiting for. */
const mediaAsked = async ({ orgId }: Inbox): Promise<readonly MediaJob[]> => {
  const { rows } = await onServer(db.admin, (client) =>
    client.query<{ payload: Buffer }>(`select payload from jobs where queue = 'media-lookup'`),
  )
  return rows.map(({ payload }) => JSON.parse(payload.toString()) as MediaJob).filter((job) => job.orgId === orgId)
}

const storyOf = async (inbox: Inbox) => (await inboxState(on.queries, inbox.orgId)).threads[0]?.messages[0]?.context
const AFTER_A_DAY = new Date(AT.getTime() + 24 * HOUR_MS)

// proves: in.story-gone
test.serial('a story is no longer there after its time, or when the platform has it no more', async (t) => {
  t.teardown(() => (now = new Date(AT.getTime() + HOUR_MS)))
  const [answered, deleted, mentioned] = await Promise.all([seedInbox(on.orm), seedInbox(on.orm), seedInbox(on.orm)])
  for (const inbox of [answered, deleted]) await receive(inbox, given('story-reply'))
  await receive(mentioned, given('story-mention-with-id'))
  for (const inbox of [answered, deleted, mentioned])
    t.like(await storyOf(inbox), { gone: false, expiresAt: AFTER_A_DAY })
  t.is((await mediaAsked(mentioned)).length, 0, 'it is the customer’s own')

  // The answer came three hours after the story.
  const posted = new Date(AFTER_A_DAY.getTime() - 3 * HOUR_MS)
  answer = {
    status: 'found',
    media: { permalink: 'https://i.example/s', caption: null, thumbnailUrl: null, expiresAt: posted },
  }
  await lookUp(answered)
  t.like(await storyOf(answered), { gone: false, expiresAt: posted, permalink: 'https://i.example/s' })
  answer = { status: 'gone', detail: '100/33' }
  await lookUp(deleted)
  t.like(await storyOf(deleted), { gone: true, expiresAt: AFTER_A_DAY })

  now = posted
  t.like(await storyOf(answered), { gone: true })
  t.like(await storyOf(mentioned), { gone: false })
  now = AFTER_A_DAY
  t.like(await storyOf(mentioned), { gone: true })
})

async function lookUp(inbox: Inbox): Promise<void> {
  for (const job of await mediaAsked(inbox)) await on.core.lookUpMedia(job, 1, new AbortController().signal)
}

test.serial('what has no usable time, when it comes again, changes at most the time it was said', async (t) => {
  const inbox = await seedInbox(on.orm)
  const state = async () =>
    JSON.stringify([await inboxState(on.queries, inbox.orgId), await shown(inbox)]).replaceAll(SAID_AT, '"$1":null')
  // The message first: it is not the order that is looked at here.
  const names = ['text', ...fixtureNames.filter((name) => name !== 'text')]
  const untimed = names.map((name) => given(name).replaceAll(/"(time|timestamp)":\s*("[^"]*"|\d+)/g, '"$1":null'))
  for (const body of untimed) await receive(inbox, body)
  const before = await state()
  for (const body of untimed) await receive(inbox, body, new Date(AT.getTime() + 900_000))
  t.deepEqual(JSON.parse(await state()), JSON.parse(before))
})

/** Of edits, reactions, referrals and handovers; never of messages, nor of the window. */
const SAID_AT = /"(at|since|editedAt|lastSeenAt)":"[^"]*"/g
