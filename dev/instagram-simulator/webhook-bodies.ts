import type { MediaType } from './types.ts'

/** The payload part of a messaging item: exactly one key beside sender, recipient and timestamp. */
export type Payload = Readonly<Record<string, unknown>>

export type Item = Readonly<{ sender: { id: string }; recipient: { id: string }; timestamp: number }> & Payload

export const item = (from: string, to: string, at: Date, payload: Payload): Item => ({
  sender: { id: from },
  recipient: { id: to },
  timestamp: at.getTime(),
  ...payload,
})

export type Envelope = 'messaging' | 'standby' | 'changes' | 'handovers'

/** Everything in a conversation arrives so; `time` is when Meta sent it, in milliseconds (as a change: in seconds). */
export const messagingBody = (
  accountId: string,
  items: readonly Payload[],
  sentAt: Date,
  envelope: Envelope = 'messaging',
): object => {
  if (envelope === 'changes') {
    const changes = items.map((value) => ({ field: fieldOf(value), value }))
    return { object: 'instagram', entry: [{ id: accountId, time: seconds(sentAt), changes }] }
  }
  const list = envelope === 'handovers' ? 'messaging_handovers' : envelope
  return { object: 'instagram', entry: [{ time: sentAt.getTime(), id: accountId, [list]: items }] }
}

/** The subscription a payload belongs to. */
const FIELDS: readonly (readonly [key: string, field: string])[] = [
  ['message', 'messages'],
  ['message_edit', 'message_edit'],
  ['reaction', 'message_reactions'],
  ['read', 'messaging_seen'],
  ['postback', 'messaging_postbacks'],
  ['referral', 'messaging_referral'],
  ['optin', 'messaging_optins'],
]
const fieldOf = (payload: Payload): string => FIELDS.find(([key]) => key in payload)?.[1] ?? 'messaging_handover'

/** An entry with whatever is in it, or nothing. */
export const entryBody = (accountId: string, content: object, sentAt: Date): object => ({
  object: 'instagram',
  entry: [{ id: accountId, time: seconds(sentAt), ...content }],
})

/** A Messenger message of the Page. */
export const pageBody = (pageId: string, senderId: string, words: string, at: Date): object => ({
  object: 'page',
  entry: [
    {
      id: pageId,
      time: at.getTime(),
      messaging: [item(senderId, pageId, at, { message: { mid: `m_${senderId}`, text: words } })],
    },
  ],
})

export type Body = { object: string; entry: Record<string, unknown>[] }

/** Several deliveries as one: entries of one account with lists of one name are one entry. */
export function together(all: readonly Body[]): Body {
  const entries: Record<string, unknown>[] = []
  for (const entry of all.flatMap((body) => body.entry)) {
    const list = ['messaging', 'standby', 'changes'].find((name) => Array.isArray(entry[name]))
    const open = list && entries.find((other) => other['id'] === entry['id'] && Array.isArray(other[list]))
    if (open) open[list] = [...(open[list] as unknown[]), ...(entry[list] as unknown[])]
    else entries.push({ ...entry })
  }
  return { object: 'instagram', entry: entries }
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)

/** Comments arrive in one of two envelopes, with `time` in seconds. */
export const changeBody = (
  accountId: string,
  change: Readonly<{ field: string; value: unknown }>,
  sentAt: Date,
  form: 'changes' | 'flat' = 'changes',
): object => ({
  object: 'instagram',
  entry: [{ id: accountId, time: seconds(sentAt), ...(form === 'flat' ? change : { changes: [change] }) }],
})

export const text = (mid: string, body: string, replyToMid?: string, from?: Referral): Payload => ({
  message: {
    mid,
    text: body,
    ...(replyToMid === undefined ? {} : { reply_to: { mid: replyToMid } }),
    ...(from === undefined ? {} : { referral: referral(from) }),
  },
})

/** Where somebody came from: a link (`ref`), an ad, or a product. */
export type Referral = Readonly<{
  ref?: string
  adId?: string | number
  adTitle?: string
  productId?: string
}>

/** An ad's id is a number in one of Meta's examples, and was seen as text. */
export function referral({ ref, adId, adTitle, productId }: Referral): object {
  if (productId !== undefined) return { product: { id: productId } }
  if (adId === undefined) return { ref, source: '<ig.me link source>', type: 'OPEN_THREAD' }
  const picture = 'https://scontent.cdninstagram.com/v/ad.jpg?oe=simulated'
  return {
    ...(ref === undefined ? {} : { ref }),
    ad_id: adId,
    source: 'ADS',
    type: 'OPEN_THREAD',
    ads_context_data: { ad_title: adTitle ?? 'An ad', photo_url: picture, video_url: picture },
  }
}

export const attached = (mid: string, attachments: readonly object[]): Payload => ({ message: { mid, attachments } })

/** Which id a shared thing carries, and whether a title, depends on its kind. */
export function sharedAttachment(type: string, mediaId: string, url: string, title = 'A caption'): object {
  if (type === 'ig_post') return { type, payload: { ig_post_media_id: mediaId, title, url } }
  if (type === 'ig_reel' || type === 'reel') return { type, payload: { reel_video_id: mediaId, title, url } }
  return { type, payload: { url } }
}

export const unsupported = (mid: string, body?: string): Payload => ({
  message: { mid, ...(body === undefined ? {} : { text: body }), is_unsupported: true },
})

export const media = (mid: string, type: MediaType, url: string, caption?: string): Payload => ({
  message: { mid, ...(caption === undefined ? {} : { text: caption }), attachments: [{ type, payload: { url } }] },
})

export const storyReply = (
  mid: string,
  body: string,
  story: Readonly<{ id: string; url: string | null }> | null,
): Payload => ({
  message: {
    mid,
    text: body,
    reply_to: story === null ? {} : { story: { id: story.id, ...(story.url === null ? {} : { url: story.url }) } },
  },
})

export const storyMention = (mid: string, url: string): Payload => ({
  message: { mid, attachments: [{ type: 'story_mention', payload: { url } }] },
})

export const quickReply = (mid: string, title: string, payload: string): Payload => ({
  message: { mid, text: title, quick_reply: { payload } },
})

export const postback = (mid: string, title: string, payload: string | null, from?: Referral): Payload => ({
  postback: {
    mid,
    title,
    ...(payload === null ? {} : { payload }),
    ...(from === undefined ? {} : { referral: referral(from) }),
  },
})

export const optin = (payload: string, title: string, token: string): Payload => ({
  optin: {
    type: 'notification_messages',
    payload,
    notification_messages_token: token,
    notification_messages_status: 'RESUME_NOTIFICATIONS',
    title,
  },
})

export const unsend = (mid: string, byTheAccount: boolean): Payload => ({
  message: { mid, is_deleted: true, ...(byTheAccount ? { is_echo: true } : {}) },
})

export const edit = (mid: string, body: string | null, revision: number): Payload => ({
  message_edit: { mid, text: body, num_edit: revision },
})

/** Without either side. */
export const ghostEdit = (mid: string, at: Date): Payload => ({
  timestamp: at.getTime(),
  message_edit: { mid, num_edit: 0 },
})

const WORDS: Readonly<Record<string, string>> = {
  '❤️': 'love',
  '👍': 'like',
  '😂': 'laugh',
  '😮': 'wow',
  '😢': 'sad',
  '😡': 'angry',
}

export const reaction = (mid: string, emoji: string, word = WORDS[emoji] ?? 'other'): Payload => ({
  reaction: { mid, action: 'react', reaction: word, emoji },
})

export const unreact = (mid: string, asVerb: boolean): Payload => ({
  reaction: { mid, ...(asVerb ? { verb: 'remove' } : { action: 'unreact' }) },
})

export function threadControl(
  verb: 'pass_thread_control' | 'take_thread_control' | 'request_thread_control',
  from: string | null,
  to: string | null,
): Payload {
  if (verb === 'request_thread_control') return { [verb]: { requested_owner_app_id: to, metadata: 'simulated' } }
  return { [verb]: { previous_owner_app_id: from, new_owner_app_id: to, metadata: 'simulated' } }
}

export const POLICY: Payload = { policy_enforcement: { action: 'warning', reason: 'Simulated: too many messages' } }

/** Values under five are told as -1. */
export const insights = (mediaId: string): object => ({
  media_id: mediaId,
  impressions: 444,
  reach: 44,
  taps_forward: 7,
  taps_back: -1,
  exits: -1,
  replies: -1,
})

/** What an echo says of its author: nothing where it was the Instagram app. */
export const ORIGINS = {
  phone: {},
  'business-suite': { app_id: 263902037430900 },
  'other-app': { app_id: '1234567890123456' },
  ai: { ai_generated: true },
} as const

export const templateEcho = (mid: string, title: string): Payload => ({
  message: {
    mid,
    is_echo: true,
    attachments: [{ type: 'template', payload: { generic: { elements: [{ title }] } } }],
  },
})

export const echo = (
  mid: string,
  content: Readonly<{ text: string | null; attachments: readonly Readonly<{ type: string; url: string | null }>[] }>,
  origin: object = {},
): Payload => ({
  message: {
    mid,
    ...(content.text === null ? {} : { text: content.text }),
    ...(content.attachments.length === 0
      ? {}
      : { attachments: content.attachments.map(({ type, url }) => ({ type, payload: url === null ? {} : { url } })) }),
    is_echo: true,
    ...origin,
  },
})

export type CommentValue = Readonly<{
  id: string
  from: Readonly<{ id: string; username: string }>
  text?: string
  media: Readonly<{ id: string; media_product_type: string }>
  parent_id?: string
}>
