/** What a channel can do; the core checks content against it once, before anything is stored. */
export type ChannelCapabilities = Readonly<{
  text: Readonly<{
    /** UTF-8 bytes; null: no limit of the network's own. */
    maxBytes: number | null
  }>
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
