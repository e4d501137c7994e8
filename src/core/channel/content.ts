/** What a message can hold, in the product's own words; every channel maps into and out of these. */
export type MessageKind =
  | 'TEXT'
  | 'MEDIA'
  | 'STORY_REPLY'
  | 'STORY_MENTION'
  | 'QUICK_REPLY'
  | 'POSTBACK'
  | 'COMMENT'
  | 'MENTION'
  | 'UNSUPPORTED'

export type AttachmentType = 'IMAGE' | 'VIDEO' | 'AUDIO' | 'FILE' | 'SHARE' | 'OTHER'

export type Attachment = Readonly<{
  type: AttachmentType
  /** The platform's own link, which may expire; null where it gave none. */
  url: string | null
  title: string | null
  /** The platform's word for it, for example `ig_reel`. */
  platformType: string | null
}>

/** What a message answers or belongs to. */
export type MessageContext = Readonly<{
  type:
    | 'STORY_REPLY'
    | 'STORY_MENTION'
    | 'COMMENT'
    | 'LIVE_COMMENT'
    | 'MENTION'
    | 'QUICK_REPLY'
    | 'POSTBACK'
    | 'SHARE'
    | 'AD'
  permalink: string | null
  mediaId: string | null
  mediaUrl: string | null
  /** When the media stops being available (stories: 24 hours after the message). */
  expiresAt: Date | null
  /** The machine-readable part of a button or quick reply. */
  payload: string | null
  /** The ad that the message answers or the comment is under. */
  adId: string | null
  adTitle: string | null
}>

export const NO_CONTEXT: Omit<MessageContext, 'type'> = {
  permalink: null,
  mediaId: null,
  mediaUrl: null,
  expiresAt: null,
  payload: null,
  adId: null,
  adTitle: null,
}

const NUL_OR_LONE_SURROGATE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g

/** PostgreSQL stores neither NUL nor lone surrogates; one customer's odd character must not stall a batch. */
export const storableText = (text: string): string =>
  text.isWellFormed() && !text.includes('\0') ? text : text.replace(NUL_OR_LONE_SURROGATE, '\uFFFD')

export const PREVIEW_CHARS = 140

const PLACEHOLDER: Record<MessageKind, string> = {
  TEXT: '',
  MEDIA: '[Attachment]',
  STORY_REPLY: '[Story reply]',
  STORY_MENTION: '[Story mention]',
  QUICK_REPLY: '[Quick reply]',
  POSTBACK: '[Button]',
  COMMENT: '[Comment]',
  MENTION: '[Mention]',
  UNSUPPORTED: '[Unsupported message]',
}

const ATTACHMENT_WORD: Record<AttachmentType, string> = {
  IMAGE: '[Image]',
  VIDEO: '[Video]',
  AUDIO: '[Voice message]',
  FILE: '[File]',
  SHARE: '[Shared post]',
  OTHER: '[Attachment]',
}

/** One line for a ticket list: the text, cut at a character and not in the middle of one, or a word for what it is. */
export function previewOf(content: string | null, kind: MessageKind, attachments: readonly Attachment[]): string {
  const line = (content ?? '').replace(/\s+/g, ' ').trim()
  if (line === '') return attachments[0] && kind === 'MEDIA' ? ATTACHMENT_WORD[attachments[0].type] : PLACEHOLDER[kind]
  const characters = [...line]
  return characters.length <= PREVIEW_CHARS ? line : `${characters.slice(0, PREVIEW_CHARS - 1).join('')}…`
}
