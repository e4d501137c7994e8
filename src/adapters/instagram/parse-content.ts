import { type Attachment, type MessageContext, type MessageKind, NO_CONTEXT } from '../../core/channel/content.ts'
import type { ExternalMessageId } from '../../core/ids.ts'
import { asShape, readFlag, readId, readText, readUrl } from '../channel-kit/fields.ts'
import { readMessageId } from './ids.ts'
import { type ReadAttachment, readAttachments } from './parse-attachments.ts'
import { readReferral } from './parse-referral.ts'
import type { AdContext, Message, QuickReply, ReferralFields, ReplyTo, Story } from './webhook-payload.ts'

export type Content = Readonly<{
  kind: MessageKind
  text: string | null
  attachments: readonly Attachment[]
  context: MessageContext | null
  replyToExternalId: ExternalMessageId | null
}>

export const STORY_LIVES_MS = 24 * 60 * 60 * 1000

/** What a direct message holds, whoever wrote it. One that shows nothing at all is `UNSUPPORTED`: visible, never dropped. */
export function readContent(message: Message, at: Date): Content {
  const replyTo = asShape<ReplyTo>(message.reply_to)
  const all = readAttachments(message.attachments)
  const text = readText(message.text)
  const mention = all.find(({ platformType }) => platformType === 'story_mention')
  const context =
    storyReply(replyTo, at) ??
    storyMention(mention, at) ??
    quickReply(message.quick_reply) ??
    sharedMedia(all) ??
    adOf(message.referral)
  // The mentioning story is the message's context; repeated as an attachment it would be shown twice.
  const attachments = all.filter((item) => item !== mention || context?.type !== 'STORY_MENTION').map(withoutMediaId)
  return {
    kind: kindOf(message, context, text, attachments),
    text,
    attachments,
    context,
    replyToExternalId: readMessageId(replyTo?.mid),
  }
}

function kindOf(
  message: Message,
  context: MessageContext | null,
  text: string | null,
  attachments: readonly Attachment[],
): MessageKind {
  if (readFlag(message.is_unsupported)) return 'UNSUPPORTED'
  if (context?.type === 'STORY_REPLY' || context?.type === 'STORY_MENTION' || context?.type === 'QUICK_REPLY') {
    return context.type
  }
  if (attachments.length > 0) return 'MEDIA'
  return text === null ? 'UNSUPPORTED' : 'TEXT'
}

/** A story may be named without its link, or only as an empty object; `reply_to: {}` is no reply at all. */
function storyReply(replyTo: ReplyTo | null, at: Date): MessageContext | null {
  const story = asShape<Story>(replyTo?.story)
  if (story === null) return null
  return { ...NO_CONTEXT, type: 'STORY_REPLY', ...storyFacts(readId(story.id), readUrl(story.url), at) }
}

function storyMention(mention: ReadAttachment | undefined, at: Date): MessageContext | null {
  if (mention === undefined) return null
  return { ...NO_CONTEXT, type: 'STORY_MENTION', ...storyFacts(mention.mediaId, mention.url, at) }
}

const storyFacts = (mediaId: string | null, mediaUrl: string | null, at: Date) => ({
  mediaId,
  mediaUrl,
  expiresAt: new Date(at.getTime() + STORY_LIVES_MS),
})

function quickReply(value: unknown): MessageContext | null {
  const reply = asShape<QuickReply>(value)
  return reply === null ? null : { ...NO_CONTEXT, type: 'QUICK_REPLY', payload: readText(reply.payload) }
}

/** The id of a shared post or reel: what a later look-up of its caption and permalink needs. */
function sharedMedia(attachments: readonly ReadAttachment[]): MessageContext | null {
  const shared = attachments.find(({ type, mediaId }) => type === 'SHARE' && mediaId !== null)
  return shared ? { ...NO_CONTEXT, type: 'SHARE', mediaId: shared.mediaId, mediaUrl: shared.url } : null
}

/** The ad that brought the customer here: what they speak of when they ask about "this". */
function adOf(value: unknown): MessageContext | null {
  const referral = readReferral(value)
  if (referral === null || referral.adId === null) return null
  const shown = asShape<AdContext>(asShape<ReferralFields>(value)?.ads_context_data)
  const { adId, adTitle, ref } = referral
  return { ...NO_CONTEXT, type: 'AD', mediaUrl: readUrl(shown?.photo_url), payload: ref, adId, adTitle }
}

const withoutMediaId = ({ mediaId: _, ...attachment }: ReadAttachment): Attachment => attachment
