import type { SurfaceCapabilities } from '../channel/capabilities.ts'
import { type OutboundContent, type PartContent, type Sticker, textContent } from '../channel/outbound-content.ts'
import { checkAttachments, type ReplyAttachment, type UrlRules } from './check-media.ts'
import { checkQuickReplies, checkTemplate, type GivenQuickReply, type GivenTemplate } from './check-template.ts'
import { ContentCheck } from './content-check.ts'
import { splitText, utf8Bytes } from './split-text.ts'

export type ReplyContent = Readonly<{
  content?: string
  attachments?: readonly ReplyAttachment[]
  quickReplies?: readonly GivenQuickReply[]
  template?: GivenTemplate
  sticker?: Sticker
  /** Whether a text over the limit is sent in several parts. */
  split?: boolean
}>

/**
 * The platform messages that a reply becomes, in the order in which the customer gets them: attachments as given, then the
 * template, the sticker, and the text, with quick replies on its last part. Throws a DomainError that lists everything the
 * channel cannot carry; nothing is stored before.
 */
export function composeReply(
  reply: ReplyContent,
  can: SurfaceCapabilities,
  rules: UrlRules,
  whyTextOnly: string | null = null,
): readonly PartContent[] {
  const check = new ContentCheck(whyTextOnly)
  const parts = [
    ...checkAttachments(reply.attachments ?? [], can, rules, check),
    ...checkTemplate(reply.template, can, rules, check),
    ...checkSticker(reply.sticker, can, check),
    ...checkText(reply, can, check),
  ]
  if (parts.length === 0 && check.isClean) check.empty('/content', 'must not be empty')
  if (parts.length > can.maxParts && check.isClean) {
    // Where one message is all there is, words are what it is for.
    const pointer = reply.content === undefined ? '/attachments' : '/content'
    check.tooMuch(
      pointer,
      `${parts.length} messages on the platform, at most ${can.maxParts}`,
      parts.length,
      can.maxParts,
    )
  }
  check.end()
  return parts
}

function checkSticker(sticker: Sticker | undefined, can: SurfaceCapabilities, check: ContentCheck) {
  if (sticker === undefined) return []
  if (!can.stickers.includes(sticker)) check.missing('/sticker', `${sticker} sticker`)
  return [{ kind: 'STICKER', sticker } as const]
}

function checkText(
  { content, quickReplies = [], split = false }: ReplyContent,
  { text: can, ...capabilities }: SurfaceCapabilities,
  check: ContentCheck,
): readonly OutboundContent[] {
  const replies = checkQuickReplies(quickReplies, { text: can, ...capabilities }, check)
  if (content === undefined) {
    if (replies.length > 0) check.empty('/content', 'Quick replies go with a text.')
    return []
  }
  if (content.trim() === '') {
    check.empty('/content', 'must not be empty')
    return []
  }
  if (can === null) {
    check.missing('/content', 'text')
    return []
  }
  const pieces = piecesOf(content, can, split, check)
  return pieces.map((piece, index) => textContent(piece, index === pieces.length - 1 ? replies : []))
}

function piecesOf(
  content: string,
  { maxBytes, split: canSplit }: NonNullable<SurfaceCapabilities['text']>,
  wantsSplit: boolean,
  check: ContentCheck,
): readonly string[] {
  if (wantsSplit && !canSplit)
    check.breach({
      code: 'capability-missing',
      pointer: '/split',
      detail: 'This channel has no way to send a text in several parts here.',
    })
  const bytes = utf8Bytes(content)
  if (maxBytes === null || bytes <= maxBytes) return [content]
  const pieces = wantsSplit && canSplit ? splitText(content, maxBytes) : null
  if (pieces !== null) return pieces
  const why = wantsSplit && canSplit ? ', and it cannot be cut' : ''
  check.breach({
    code: 'content-too-long',
    pointer: '/content',
    detail: `${bytes} bytes, at most ${maxBytes}${why}`,
    extra: { actualBytes: bytes, maxBytes },
  })
  return []
}
