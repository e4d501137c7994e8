import { AT, COMMENTED_AT, CUSTOMER, RECEIVED_AT } from './fixtures.ts'

const cdn = (asset: string) => `https://cdn.example/ig_messaging_cdn/?asset_id=${asset}&signature=s`
const noContext = {
  permalink: null,
  mediaId: null,
  mediaUrl: null,
  expiresAt: null,
  payload: null,
  adId: null,
  adTitle: null,
}
const noReferral = { source: null, ref: null, adId: null, adTitle: null, productId: null }
const dmThread = { surface: 'DM', key: CUSTOMER, person: { externalId: CUSTOMER, username: null, name: null } }

const content = {
  at: AT,
  thread: dmThread,
  externalId: 'm.1',
  kind: 'TEXT',
  text: null,
  attachments: [],
  context: null,
  replyToExternalId: null,
}
const message = (given: object) => ({ type: 'message', ...content, opensWindow: true, referral: null, ...given })
const echo = (given: object) => ({ type: 'echo', ...content, via: 'PLATFORM_APP', ...given })
const attachment = (type: string, platformType: string, url: string | null, title: string | null = null) => ({
  type,
  url,
  title,
  platformType,
})
const media = (given: object, context: object | null = null) =>
  message({ kind: 'MEDIA', attachments: [given], context: context && { ...noContext, type: 'SHARE', ...context } })
const comment = (
  given: object = {},
  mediaId: string | null = '18077000000000001',
  username: string | null = 'a.buyer',
) =>
  message({
    at: COMMENTED_AT,
    thread: {
      surface: 'COMMENT',
      key: `${mediaId ?? 'comment-17977000000000001'}:${CUSTOMER}`,
      person: { externalId: CUSTOMER, username, name: null },
    },
    externalId: '17977000000000001',
    kind: 'COMMENT',
    text: 'What does it cost?',
    context: { ...noContext, type: 'COMMENT', mediaId },
    ...given,
  })
const optIn = (id: string, given: object = {}) => ({
  type: 'optin',
  at: AT,
  thread: dmThread,
  externalId: `optin:${id}`,
  agrees: true,
  payload: 'weekly',
  ...given,
})
const known = (reason: string, at = AT) => ({ type: 'unhandled', at, known: true, reason })
const unknown = (reason: string, at = AT) => ({ type: 'unhandled', at, known: false, reason })

const DAY_LATER = new Date(AT.getTime() + 24 * 60 * 60 * 1000)
/** Of the dashboard's form, whose times are text in seconds. */
const SECOND = new Date(1_789_000_000_000)
const ENTRY_TIME = new Date(1_789_000_000_500)

const mention = (externalId: string, person: string) =>
  message({
    at: COMMENTED_AT,
    thread: { surface: 'MENTION', key: person, person: { externalId: person, username: null, name: null } },
    externalId,
    kind: 'MENTION',
    context: { ...noContext, type: 'MENTION', mediaId: '18077000000000002' },
    opensWindow: false,
  })
const commentThread = (person: string, username: string | null) => ({
  surface: 'COMMENT',
  key: `18077000000000001:${person}`,
  person: { externalId: person, username, name: null },
})
const AD = { adId: '120000000000000077', adTitle: 'Autumn' }
const reaction = (given: object | null) => ({
  type: 'reaction',
  at: AT,
  externalId: 'm.1',
  actor: CUSTOMER,
  reaction: given,
})

/** What each body of `test/fixtures/instagram` becomes, by its name. */
export const EXPECTED: Record<string, readonly object[]> = {
  text: [message({ text: 'Do you ship to Iceland?' })],
  'text-unicode': [message({ text: 'Dæt er godt 👍‍\n‫שלום https://shop.example/a' })],
  image: [media(attachment('IMAGE', 'image', cdn('image')))],
  video: [media(attachment('VIDEO', 'video', cdn('video')))],
  audio: [media(attachment('AUDIO', 'audio', cdn('audio')))],
  file: [media(attachment('FILE', 'file', cdn('file')))],
  'several-attachments': [
    message({
      kind: 'MEDIA',
      text: 'Front and back',
      attachments: [attachment('IMAGE', 'image', cdn('front')), attachment('IMAGE', 'image', cdn('back'))],
    }),
  ],
  share: [media(attachment('SHARE', 'share', cdn('share')))],
  'ig-post': [
    media(attachment('SHARE', 'ig_post', cdn('post'), 'Autumn lamps'), {
      mediaId: '18077000000000004',
      mediaUrl: cdn('post'),
    }),
  ],
  'ig-post-with-share': [
    media(attachment('SHARE', 'ig_post', cdn('post'), 'Autumn lamps'), {
      mediaId: '18077000000000004',
      mediaUrl: cdn('post'),
    }),
  ],
  'ig-reel': [
    media(attachment('SHARE', 'ig_reel', 'https://www.instagram.com/reel/ABCDEFGHIJK/', 'How it is made\nPart 2'), {
      mediaId: '17977000000000005',
      mediaUrl: 'https://www.instagram.com/reel/ABCDEFGHIJK/',
    }),
  ],
  'facebook-reel': [
    media(attachment('SHARE', 'reel', 'https://www.facebook.com/reel/887000000000001', 'A reel'), {
      mediaId: '887000000000001',
      mediaUrl: 'https://www.facebook.com/reel/887000000000001',
    }),
  ],
  'story-share': [media(attachment('SHARE', 'story', cdn('story')))],
  ephemeral: [media(attachment('OTHER', 'ephemeral', null))],
  'like-heart': [media(attachment('OTHER', 'like_heart', null))],
  'unknown-attachment': [media(attachment('OTHER', 'hologram', null))],
  'template-echo': [echo({ kind: 'MEDIA', attachments: [attachment('OTHER', 'template', null, 'Lamp, brass')] })],
  unsupported: [message({ kind: 'UNSUPPORTED' })],
  'unsupported-with-text': [message({ kind: 'UNSUPPORTED', text: 'look at this' })],
  'quick-reply': [
    message({
      kind: 'QUICK_REPLY',
      text: 'Blue',
      context: { ...noContext, type: 'QUICK_REPLY', payload: 'COLOR_BLUE' },
    }),
  ],
  'reply-to-message': [message({ externalId: 'm.2', text: 'this one', replyToExternalId: 'm.1' })],
  'reply-to-nothing': [message({ text: 'hm' })],
  'story-reply': [
    message({
      kind: 'STORY_REPLY',
      text: 'Lovely!',
      context: {
        ...noContext,
        type: 'STORY_REPLY',
        mediaId: '18077000000000006',
        mediaUrl: cdn('story'),
        expiresAt: DAY_LATER,
      },
    }),
  ],
  'story-reply-without-link': [
    message({
      kind: 'STORY_REPLY',
      text: '❤️',
      context: { ...noContext, type: 'STORY_REPLY', mediaId: '18077000000000006', expiresAt: DAY_LATER },
    }),
  ],
  'story-mention': [
    message({
      kind: 'STORY_MENTION',
      context: { ...noContext, type: 'STORY_MENTION', mediaUrl: cdn('mention'), expiresAt: DAY_LATER },
    }),
  ],
  'ad-referral-message': [
    message({
      text: 'Still available?',
      context: { ...noContext, type: 'AD', mediaUrl: 'https://cdn.example/p.jpg', payload: 'autumn', ...AD },
      referral: { ...noReferral, source: 'ADS', ref: 'autumn', ...AD },
    }),
  ],
  'product-referral-message': [
    message({ text: 'Which size?', referral: { ...noReferral, productId: '5577000000000001' } }),
  ],
  'postback-with-referral': [
    message({
      kind: 'POSTBACK',
      text: 'Opening hours',
      context: { ...noContext, type: 'POSTBACK', payload: 'HOURS' },
      referral: { ...noReferral, source: 'SHORTLINK', ref: 'autumn' },
    }),
  ],
  postback: [
    message({
      kind: 'POSTBACK',
      text: 'Opening hours',
      context: { ...noContext, type: 'POSTBACK', payload: 'HOURS' },
    }),
  ],
  'postback-without-id': [
    message({
      externalId: 'postback:836d564841829a1b981aea61bd14189865be90cd',
      kind: 'POSTBACK',
      text: 'Talk to a person',
      context: { ...noContext, type: 'POSTBACK' },
    }),
  ],
  optin: [optIn('f1012565763a8912f2833f6c9be3484c32b656c7')],
  'optin-stopped': [optIn('9e155f63b3581fbc457d2d1d8adeaf907ba8e023', { agrees: false })],
  echo: [echo({ text: 'Yes, within a week' })],
  'echo-by-business-suite': [echo({ text: 'Yes, within a week', via: 'BUSINESS_SUITE' })],
  'echo-by-other-app': [echo({ text: 'Yes, within a week', via: 'OTHER_APP' })],
  'echo-by-ai': [echo({ text: 'Yes, within a week', via: 'PLATFORM_AI' })],
  'echo-without-flag': [echo({ text: 'Yes, within a week' })],
  unsend: [{ type: 'unsend', at: AT, externalId: 'm.1' }],
  'unsend-of-echo': [{ type: 'unsend', at: AT, externalId: 'm.1' }],
  edit: [{ type: 'edit', at: AT, externalId: 'm.1', text: 'Do you ship to Norway?', revision: 1 }],
  'edit-counted-in-text': [{ type: 'edit', at: AT, externalId: 'm.1', text: 'Do you ship to Norway?', revision: 2 }],
  'ghost-edit': [{ type: 'announced', at: AT, externalId: 'm.1' }],
  'edit-without-text': [{ type: 'announced', at: AT, externalId: 'm.1' }],
  reaction: [reaction({ name: 'love', emoji: '❤️' })],
  'reaction-custom-emoji': [reaction({ name: 'other', emoji: '🧿' })],
  'reaction-removed': [reaction(null)],
  'reaction-removed-by-verb': [reaction(null)],
  read: [{ type: 'read', at: AT, externalId: 'm.1' }],
  referral: [
    {
      type: 'referral',
      at: AT,
      thread: dmThread,
      referral: { ...noReferral, source: 'IGME_SOURCE_LINK', ref: 'autumn' },
    },
  ],
  'referral-empty': [unknown('empty-referral')],
  'pass-thread-control': [{ type: 'thread-control', at: AT, thread: dmThread, owner: '222' }],
  'take-thread-control': [{ type: 'thread-control', at: AT, thread: dmThread, owner: '222' }],
  'request-thread-control': [known('thread-request')],
  'policy-enforcement': [known('policy')],
  'self-message': [known('self-message')],
  'self-postback': [known('self-message')],
  standby: [message({ text: 'Anybody here?' })],
  'unknown-event': [unknown('unknown-event')],
  'two-items': [message({ text: 'one' }), { type: 'read', at: AT, externalId: 'm.0' }],
  comment: [comment()],
  'comment-flat': [comment()],
  'comment-reply': [comment({ replyToExternalId: '17977000000000000' })],
  'comment-on-ad': [
    comment({ context: { ...noContext, type: 'COMMENT', mediaId: '18077000000000007', ...AD } }, '18077000000000007'),
  ],
  'comment-own': [known('own-comment', COMMENTED_AT)],
  'comment-own-reply': [
    {
      type: 'own-comment',
      at: COMMENTED_AT,
      externalId: '17977000000000001',
      under: '17977000000000000',
      text: 'It is 20 euros',
    },
  ],
  'comment-without-author-id': [comment({ thread: commentThread('@a.buyer', 'a.buyer') })],
  'comment-without-author': [
    comment({ thread: commentThread('author-of-comment:6b2a8ce4cedea4f587eb98a1d0a6a8561822a8c5', null) }),
  ],
  'comment-without-text': [comment({ text: null }, null)],
  'comment-without-anything': [
    comment({
      text: null,
      thread: {
        ...commentThread('author-of-comment:6b2a8ce4cedea4f587eb98a1d0a6a8561822a8c5', null),
        key: 'comment-17977000000000001:author-of-comment:6b2a8ce4cedea4f587eb98a1d0a6a8561822a8c5',
      },
      context: { ...noContext, type: 'COMMENT', mediaId: null },
    }),
  ],
  'live-comment': [
    comment({ context: { ...noContext, type: 'LIVE_COMMENT', mediaId: '18077000000000008' } }, '18077000000000008'),
  ],
  'mention-in-caption': [
    mention('mention:18077000000000002', 'author-of-mention:0f9751a49f586bfdc812bc7d4aa764c99407c43d'),
  ],
  'mention-in-comment': [mention('17977000000000002', 'author-of-mention:b918e239df54113ed9fbe71fbef5836f34a0c1c7')],
  'story-insights': [known('story-insights', COMMENTED_AT)],
  'unknown-change': [unknown('unknown-change', COMMENTED_AT)],
  'message-in-changes': [message({ at: COMMENTED_AT, text: 'from the list of changes' })],
  'changed-fields': [known('changed-fields', COMMENTED_AT)],
  'empty-entry': [known('empty-entry', COMMENTED_AT)],
  'dashboard-message': [],
  'dashboard-message-as-messaging': [],
  'dashboard-comment': [],
  'wrapped-in-a-list': [message({ text: 'wrapped' })],
  'page-object': [unknown('other-object', ENTRY_TIME)],
  'two-accounts': [
    message({ text: 'for the first' }),
    comment(),
    message({
      externalId: 'm.9',
      text: 'for the second',
      thread: {
        surface: 'DM',
        key: '2100000000000678',
        person: { externalId: '2100000000000678', username: null, name: null },
      },
    }),
  ],
  'junk-among-good': [
    unknown('no-account', RECEIVED_AT),
    unknown('no-account', RECEIVED_AT),
    unknown('not-an-object', ENTRY_TIME),
    unknown('not-an-object', ENTRY_TIME),
    unknown('not-an-object', ENTRY_TIME),
    message({ text: 'still here' }),
    unknown('no-message-id', ENTRY_TIME),
    unknown('unknown-event', ENTRY_TIME),
    unknown('not-an-object', ENTRY_TIME),
    unknown('not-an-object', ENTRY_TIME),
    comment({ at: ENTRY_TIME }),
  ],
  'bare-number-ids': [
    message({
      externalId: '90071992547409931',
      text: 'ids as numbers',
      thread: {
        surface: 'DM',
        key: '9007199254740995123',
        person: { externalId: '9007199254740995123', username: null, name: null },
      },
    }),
  ],
  media: [media(attachment('SHARE', 'media', cdn('media')))],
  'ig-story': [
    media(attachment('SHARE', 'ig_story', cdn('story')), { mediaId: '18077000000000009', mediaUrl: cdn('story') }),
  ],
  'story-mention-with-id': [
    message({
      kind: 'STORY_MENTION',
      context: {
        ...noContext,
        type: 'STORY_MENTION',
        mediaId: '18077000000000006',
        mediaUrl: cdn('mention'),
        expiresAt: DAY_LATER,
      },
    }),
  ],
  'image-with-sticker-id': [media(attachment('IMAGE', 'image', cdn('sticker')))],
  'fallback-attachment': [
    message({
      kind: 'MEDIA',
      text: 'https://shop.example/lamp',
      attachments: [attachment('OTHER', 'fallback', 'https://shop.example/lamp', 'Lamp, brass')],
    }),
  ],
  'attachment-without-type': [media({ ...attachment('OTHER', '', cdn('odd')), platformType: null })],
  'attachments-null': [message({ text: 'Do you ship to Iceland?' })],
  'not-deleted': [message({ text: 'Do you ship to Iceland?' })],
  'sticker-echo': [echo({ kind: 'UNSUPPORTED' })],
  'template-echo-empty': [echo({ kind: 'MEDIA', attachments: [attachment('OTHER', 'template', null)] })],
  'standby-postback': [
    message({ kind: 'POSTBACK', text: 'Opening hours', context: { ...noContext, type: 'POSTBACK' } }),
  ],
  'ad-referral-number': [
    message({
      text: 'Still available?',
      context: { ...noContext, type: 'AD', mediaUrl: 'https://cdn.example/p.jpg', payload: 'autumn', ...AD },
      referral: { ...noReferral, source: 'ADS', ref: 'autumn', ...AD },
    }),
  ],
  'referral-of-ad': [
    {
      type: 'referral',
      at: AT,
      thread: dmThread,
      referral: { ...noReferral, source: 'ADS', ref: 'autumn', adId: AD.adId },
    },
  ],
  'referral-of-product': [
    { type: 'referral', at: AT, thread: dmThread, referral: { ...noReferral, productId: '5577000000000001' } },
  ],
  'optin-by-link': [optIn('f1012565763a8912f2833f6c9be3484c32b656c7')],
  'pass-thread-control-to-nobody': [{ type: 'thread-control', at: AT, thread: dmThread, owner: null }],
  'pass-thread-control-numbers': [{ type: 'thread-control', at: AT, thread: dmThread, owner: '222' }],
  'app-roles': [known('app-roles')],
  delivery: [known('delivery')],
  'response-feedback': [known('feedback')],
  'reaction-in-changes': [{ ...reaction({ name: 'love', emoji: '❤️' }), at: SECOND }],
  'postback-in-changes': [
    message({
      at: SECOND,
      kind: 'POSTBACK',
      text: 'Opening hours',
      context: { ...noContext, type: 'POSTBACK', payload: 'HOURS' },
    }),
  ],
  'read-in-changes': [{ type: 'read', at: SECOND, externalId: 'm.1' }],
  'referral-in-changes': [
    {
      type: 'referral',
      at: SECOND,
      thread: dmThread,
      referral: { ...noReferral, source: 'IGME_SOURCE_LINK', ref: 'autumn' },
    },
  ],
  'edit-in-changes': [{ type: 'edit', at: SECOND, externalId: 'm.1', text: 'Do you ship to Norway?', revision: 1 }],
  'pass-thread-control-in-changes': [{ type: 'thread-control', at: SECOND, thread: dmThread, owner: '222' }],
  'optin-in-changes': [optIn('00a9e38bb5d8ac277093f5ed0c12e33fc589228a', { at: SECOND })],
  'comment-with-comment-id': [comment()],
  'comment-time-in-milliseconds': [comment()],
  'live-comment-burst': [1, 2, 3].map((n) =>
    comment(
      {
        externalId: `1797700000000000${n}`,
        text: `me ${n}`,
        context: { ...noContext, type: 'LIVE_COMMENT', mediaId: '18077000000000008' },
      },
      '18077000000000008',
    ),
  ),
  'every-envelope': [
    message({ text: 'one' }),
    message({ externalId: 'm.2', text: 'two' }),
    comment({ at: ENTRY_TIME }),
    comment({ at: ENTRY_TIME, externalId: '17977000000000002' }),
  ],
  'unknown-object': [unknown('other-object', ENTRY_TIME)],
  ...Object.fromEntries(
    [
      'reaction',
      'postback',
      'read',
      'referral',
      'edit',
      'thread-control',
      'live-comment',
      'mention',
      'story-insights',
    ].map((name) => [`dashboard-${name}`, []]),
  ),
}
