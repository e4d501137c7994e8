import type { ChannelCapabilities } from '../../core/channel/capabilities.ts'

export const instagramCapabilities: ChannelCapabilities = {
  // Meta's pages say both "1000 bytes of UTF-8" and "1000 characters"; the stricter one is never refused.
  text: { maxBytes: 1000 },
  replyWindow: {
    dmHours: 24,
    commentHours: 7 * 24,
    // A broadcast lasts four hours at most; that it ended earlier is for Meta to say.
    liveCommentHours: 4,
    humanAgent: { hours: 7 * 24, setting: 'humanAgent' },
  },
  privateReplyToComment: true,
}
