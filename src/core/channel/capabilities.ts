import type { Surface } from './inbound-event.ts'
import type { MediaType, Sticker } from './outbound-content.ts'

/** What a channel can do; the core checks content against it once, before anything is stored, and clients read it. */
export type ChannelCapabilities = Readonly<{
  /** By where the conversation is; what is not listed cannot be answered here. */
  surfaces: Readonly<Record<Surface, SurfaceCapabilities>>
  /** Hours after the customer's last message in which an answer is allowed; null where the network has no such rule. */
  replyWindow: Readonly<{
    dmHours: number
    commentHours: number
    /** Comments under a live broadcast can be answered while it lasts: at most so long. */
    liveCommentHours: number
    /** How long a person may answer direct messages, where the channel's setting of that name is true. */
    humanAgent: Readonly<{ hours: number; setting: string }> | null
  }> | null
  /** One private answer to each comment. */
  privateReplyToComment: boolean
}>

export type MediaCapability = Readonly<{
  type: MediaType
  /** Null: any. */
  contentTypes: readonly string[] | null
  /** Of file names, in lower case without the dot; null: any. */
  extensions: readonly string[] | null
  /** Null: no limit of the network's own. */
  maxBytes: number | null
}>

export type SurfaceCapabilities = Readonly<{
  /** Null: no words. */
  text: Readonly<{
    /** UTF-8 bytes of one part; null: no limit of the network's own. */
    maxBytes: number | null
    /** Whether a longer text may be sent in several parts. */
    split: boolean
  }> | null
  /** Platform messages that one reply may become. */
  maxParts: number
  /** Null: no media. */
  attachments: Readonly<{ maxCount: number; types: readonly MediaCapability[] }> | null
  quickReplies: Readonly<{ maxCount: number; maxTitleChars: number; maxPayloadChars: number }> | null
  genericTemplate: Readonly<{ maxElements: number; maxTitleChars: number; maxButtons: number }> | null
  buttonTemplate: Readonly<{ maxTextChars: number; maxButtons: number }> | null
  /** Of buttons in either template; null where there are none. */
  buttons: Readonly<{ maxTitleChars: number; maxPayloadChars: number }> | null
  stickers: readonly Sticker[]
  /** Answering one message in particular, as the customer sees it; `where`: only with these settings of the channel. */
  replyTo: Readonly<{ where: Readonly<Record<string, string>> | null }> | null
  /** One reaction to what the customer wrote. `emojis` null: any; `limited`: these only, with these settings of the channel. */
  reactions: Readonly<{
    emojis: readonly string[] | null
    limited: Readonly<{ where: Readonly<Record<string, string>>; emojis: readonly string[] }> | null
  }> | null
  /** Showing that somebody writes. */
  typing: boolean
  /** Showing that what the customer wrote was seen. */
  seen: boolean
  /** Words under a comment that everybody reads, in characters; null where there are none, as under live broadcasts. */
  publicReply: Readonly<{ maxChars: number }> | null
  /** What can be done with a comment besides answering it. */
  commentActions: readonly CommentAction[]
}>

export type CommentAction = 'HIDE' | 'UNHIDE' | 'DELETE'

/** Where nothing can be sent. */
export const NOTHING: SurfaceCapabilities = {
  text: null,
  maxParts: 0,
  attachments: null,
  quickReplies: null,
  genericTemplate: null,
  buttonTemplate: null,
  buttons: null,
  stickers: [],
  replyTo: null,
  reactions: null,
  typing: false,
  seen: false,
  publicReply: null,
  commentActions: [],
}

/** What holds for one channel: what only some settings make possible is there or it is not. */
export function capabilitiesFor(
  { surfaces }: ChannelCapabilities,
  surface: Surface,
  settings: Readonly<Record<string, unknown>>,
): SurfaceCapabilities {
  const { replyTo, reactions, ...rest } = surfaces[surface]
  const holds = (where: Readonly<Record<string, string>> | null) =>
    Object.entries(where ?? {}).every(([name, value]) => settings[name] === value)
  const limited = reactions?.limited ?? null
  const emojis = limited !== null && holds(limited.where) ? limited.emojis : (reactions?.emojis ?? null)
  return {
    ...rest,
    replyTo: replyTo !== null && holds(replyTo.where) ? { where: null } : null,
    reactions: reactions && { emojis, limited: null },
  }
}

/** What a person should know where a comment takes text alone and the channel's direct messages carry more; else null. */
export const whyTextOnly = ({ surfaces }: ChannelCapabilities, surface: Surface): string | null =>
  surface === 'COMMENT' && surfaces.COMMENT.text !== null && !isRich(surfaces.COMMENT) && isRich(surfaces.DM)
    ? 'A comment takes text only until the customer writes directly.'
    : null

const isRich = ({
  attachments,
  quickReplies,
  genericTemplate,
  buttonTemplate,
  stickers,
}: SurfaceCapabilities): boolean =>
  [attachments, quickReplies, genericTemplate, buttonTemplate].some((one) => one !== null) || stickers.length > 0
