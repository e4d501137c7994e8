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

/** Everything in a conversation arrives so; `time` is when Meta sent it, in milliseconds. */
export const messagingBody = (accountId: string, items: readonly Item[], sentAt: Date): object => ({
  object: 'instagram',
  entry: [{ time: sentAt.getTime(), id: accountId, messaging: items }],
})

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

export const text = (mid: string, body: string, replyToMid?: string): Payload => ({
  message: { mid, text: body, ...(replyToMid === undefined ? {} : { reply_to: { mid: replyToMid } }) },
})

export const media = (mid: string, type: MediaType, url: string, caption?: string): Payload => ({
  message: { mid, ...(caption === undefined ? {} : { text: caption }), attachments: [{ type, payload: { url } }] },
})

export const storyReply = (mid: string, body: string, story: Readonly<{ id: string; url: string }>): Payload => ({
  message: { mid, text: body, reply_to: { story: { id: story.id, url: story.url } } },
})

export const storyMention = (mid: string, url: string): Payload => ({
  message: { mid, attachments: [{ type: 'story_mention', payload: { url } }] },
})

export const quickReply = (mid: string, title: string, payload: string): Payload => ({
  message: { mid, text: title, quick_reply: { payload } },
})

export const postback = (mid: string, title: string, payload: string): Payload => ({
  postback: { mid, title, payload },
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

export const edit = (mid: string, body: string, revision: number): Payload => ({
  message_edit: { mid, text: body, num_edit: revision },
})

export const echo = (
  mid: string,
  content: Readonly<{ text: string | null; attachments: readonly Readonly<{ type: string; url: string | null }>[] }>,
): Payload => ({
  message: {
    mid,
    ...(content.text === null ? {} : { text: content.text }),
    ...(content.attachments.length === 0
      ? {}
      : { attachments: content.attachments.map(({ type, url }) => ({ type, payload: url === null ? {} : { url } })) }),
    is_echo: true,
  },
})

export type CommentValue = Readonly<{
  id: string
  from: Readonly<{ id: string; username: string }>
  text: string
  media: Readonly<{ id: string; media_product_type: string }>
  parent_id?: string
}>

/** What the "Test" button of Meta's dashboard sends for a field: invented ids under the account "0". */
export function dashboardSample(field: string): unknown {
  const conversation = { sender: { id: '12334' }, recipient: { id: '23245' }, timestamp: '1527459824' }
  const samples: Record<string, unknown> = {
    messages: { ...conversation, message: { mid: 'random_mid', text: 'random_text' } },
    messaging_postbacks: {
      ...conversation,
      postback: { mid: 'random_mid', title: 'random_title', payload: 'random_payload' },
    },
    messaging_seen: { ...conversation, read: { mid: 'random_mid' } },
    message_reactions: {
      ...conversation,
      reaction: { mid: 'random_mid', action: 'react', reaction: 'love', emoji: '\u2764\ufe0f' },
    },
    message_edit: { ...conversation, message_edit: { mid: 'random_mid', text: 'random_text', num_edit: 1 } },
    comments: {
      from: { id: '232323232', username: 'test', self_ig_scoped_id: '232323232' },
      media: { id: '123123123', media_product_type: 'FEED' },
      id: '17865799348089039',
      parent_id: '1231231234',
      text: 'This is an example.',
    },
    mentions: { media_id: '17887498072083520', comment_id: '17887498072083520' },
  }
  if (!(field in samples))
    throw new Error(`No dashboard sample for "${field}"; there are ${Object.keys(samples).join(', ')}`)
  return samples[field]
}
