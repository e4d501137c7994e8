import type { Attachment, AttachmentType } from '../../core/channel/content.ts'
import { asList, asShape, readId, readText, readUrl, type Shape } from '../channel-kit/fields.ts'
import type { AttachmentItem, AttachmentPayload } from './webhook-payload.ts'

/** An attachment with what a message's context needs of it. */
export type ReadAttachment = Attachment & Readonly<{ mediaId: string | null }>

const TYPES: Readonly<Record<string, AttachmentType>> = {
  image: 'IMAGE',
  video: 'VIDEO',
  audio: 'AUDIO',
  file: 'FILE',
  share: 'SHARE',
  ig_post: 'SHARE',
  ig_reel: 'SHARE',
  reel: 'SHARE',
  story: 'SHARE',
  ig_story: 'SHARE',
  media: 'SHARE',
}

/** Far more than the platform sends in one message; a bound for what a store writes at once. */
const MAX_ATTACHMENTS = 100

export function readAttachments(value: unknown): readonly ReadAttachment[] {
  const all = asList(value).slice(0, MAX_ATTACHMENTS).map(readAttachment)
  return withoutTwins(all.filter((attachment) => attachment !== null))
}

function readAttachment(value: unknown): ReadAttachment | null {
  const item = asShape<AttachmentItem>(value)
  if (item === null) return null
  const payload = asShape<AttachmentPayload>(item.payload) ?? {}
  const platformType = readText(item.type)
  return {
    type: (platformType !== null && Object.hasOwn(TYPES, platformType) && TYPES[platformType]) || 'OTHER',
    url: readUrl(payload.url) ?? readUrl(payload.story_media_url),
    title: readText(payload.title) ?? readText(item.title) ?? templateTitle(payload.generic),
    platformType,
    mediaId:
      readId(payload.ig_post_media_id) ??
      readId(payload.reel_video_id) ??
      readId(payload.story_media_id) ??
      readId(payload.id),
  }
}

/** A shared post comes as `ig_post`, for a time also as the older `share` beside it: one post, shown once. */
function withoutTwins(attachments: readonly ReadAttachment[]): readonly ReadAttachment[] {
  let twins = attachments.filter(({ platformType }) => platformType === 'ig_post').length
  return attachments.filter(({ platformType }) => platformType !== 'share' || twins-- <= 0)
}

function templateTitle(generic: unknown): string | null {
  const elements = asList(asShape<Shape<'elements'>>(generic)?.elements)
  return readText(asShape<Shape<'title'>>(elements[0])?.title)
}
