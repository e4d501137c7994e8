import { type ChannelCapabilities, NOTHING, type SurfaceCapabilities } from '../../core/channel/capabilities.ts'

const MEGABYTE = 1024 * 1024

// Meta's pages say both "1000 bytes of UTF-8" and "1000 characters"; the stricter one is never refused.
const MAX_TEXT_BYTES = 1000

/** https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api */
const directMessages: SurfaceCapabilities = {
  ...NOTHING,
  text: { maxBytes: MAX_TEXT_BYTES, split: true },
  // Ours: a reply is no broadcast.
  maxParts: 25,
  attachments: {
    maxCount: 10,
    types: [
      {
        type: 'IMAGE',
        contentTypes: ['image/png', 'image/jpeg', 'image/gif'],
        extensions: ['png', 'jpg', 'jpeg', 'gif'],
        maxBytes: 8 * MEGABYTE,
      },
      {
        type: 'AUDIO',
        contentTypes: ['audio/aac', 'audio/mp4', 'audio/wav'],
        extensions: ['aac', 'm4a', 'wav', 'mp4'],
        maxBytes: 25 * MEGABYTE,
      },
      {
        type: 'VIDEO',
        contentTypes: ['video/mp4', 'video/ogg', 'video/x-msvideo', 'video/quicktime', 'video/webm'],
        extensions: ['mp4', 'm4v', 'ogg', 'ogv', 'avi', 'mov', 'webm'],
        maxBytes: 25 * MEGABYTE,
      },
      { type: 'FILE', contentTypes: ['application/pdf'], extensions: ['pdf'], maxBytes: 25 * MEGABYTE },
    ],
  },
  // Longer titles are cut by the platform; nobody wants that.
  quickReplies: { maxCount: 13, maxTitleChars: 20, maxPayloadChars: 1000 },
  genericTemplate: { maxElements: 10, maxTitleChars: 80, maxButtons: 3 },
  buttonTemplate: { maxTextChars: 640, maxButtons: 3 },
  buttons: { maxTitleChars: 20, maxPayloadChars: 1000 },
  stickers: ['HEART'],
  // Documented for Facebook Login only.
  replyTo: { where: { login: 'facebook' } },
  // Meta's page on Facebook Login knows `love` only.
  reactions: { emojis: null, limited: { where: { login: 'facebook' }, emojis: ['❤️'] } },
  typing: true,
  seen: true,
}

export const instagramCapabilities: ChannelCapabilities = {
  surfaces: {
    DM: directMessages,
    // The private reply: one message of text.
    COMMENT: {
      ...NOTHING,
      text: { maxBytes: MAX_TEXT_BYTES, split: false },
      maxParts: 1,
      // One page says 300 characters, others 2,200; the stricter one is never refused.
      publicReply: { maxChars: 300 },
      commentActions: ['HIDE', 'UNHIDE', 'DELETE'],
    },
    // Nobody is named there who could be written to.
    MENTION: NOTHING,
  },
  replyWindow: {
    dmHours: 24,
    commentHours: 7 * 24,
    // A broadcast lasts four hours at most; that it ended earlier is for Meta to say.
    liveCommentHours: 4,
    humanAgent: { hours: 7 * 24, setting: 'humanAgent' },
  },
  privateReplyToComment: true,
}
