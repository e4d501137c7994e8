import { type ChannelCapabilities, NOTHING, type SurfaceCapabilities } from '../../core/channel/capabilities.ts'
import type { MediaType } from '../../core/channel/outbound-content.ts'

const anyFile = (type: MediaType) => ({ type, contentTypes: null, extensions: null, maxBytes: null })

/** What whoever collects the replies gets is what was given; the limits are this program's own. */
const everywhere: SurfaceCapabilities = {
  ...NOTHING,
  text: { maxBytes: 65_536, split: false },
  maxParts: 25,
  attachments: { maxCount: 20, types: (['IMAGE', 'AUDIO', 'VIDEO', 'FILE'] as const).map(anyFile) },
  quickReplies: { maxCount: 25, maxTitleChars: 80, maxPayloadChars: 1000 },
  genericTemplate: { maxElements: 25, maxTitleChars: 200, maxButtons: 10 },
  buttonTemplate: { maxTextChars: 2000, maxButtons: 10 },
  buttons: { maxTitleChars: 80, maxPayloadChars: 1000 },
  stickers: ['HEART'],
  replyTo: { where: null },
}

export const plainCapabilities: ChannelCapabilities = {
  surfaces: { DM: everywhere, COMMENT: NOTHING, MENTION: NOTHING },
  replyWindow: null,
  privateReplyToComment: false,
}
