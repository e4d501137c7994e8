import { type Acting, cdn, type Options, payloadOf } from './acting.ts'
import { newMediaId } from './ids.ts'
import type { MediaType, SimulatedCustomer } from './types.ts'
import * as bodies from './webhook-bodies.ts'

export type MessageOptions = Options & Readonly<{ replyTo?: string; referral?: bodies.Referral }>

type Shared = 'share' | 'ig_post' | 'ig_reel' | 'reel' | 'story' | 'media'

/** What a customer writes into the conversation. */
export function messageActions({ world, wrote }: Acting) {
  const media =
    (type: MediaType) =>
    (customer: SimulatedCustomer, options: Options & Readonly<{ mediaUrl?: string; text?: string }> = {}) => {
      const url = options.mediaUrl ?? cdn()
      return wrote(customer, { text: options.text ?? null, attachments: [{ type, url }] }, options, (mid) =>
        bodies.media(mid, type, url, options.text),
      )
    }

  /** Of the kinds without a payload: all that is told is that there was something. */
  const bare =
    (type: string) =>
    (customer: SimulatedCustomer, options: Options = {}) =>
      wrote(customer, { attachments: [{ type, url: null }] }, options, (mid) => bodies.attached(mid, [{ type }]))

  return {
    dm: (customer: SimulatedCustomer, text: string, options: MessageOptions = {}) =>
      wrote(customer, { text, replyTo: options.replyTo ?? null }, options, (mid) =>
        bodies.text(mid, text, options.replyTo, options.referral),
      ),

    image: media('image'),
    video: media('video'),
    audio: media('audio'),
    file: media('file'),

    /** A post, a reel or somebody's story, shared into the conversation; `twin`: a post also as the older `share`. */
    shared(
      customer: SimulatedCustomer,
      what: Shared = 'ig_post',
      options: Options & Readonly<{ mediaId?: string; mediaUrl?: string; title?: string; twin?: boolean }> = {},
    ) {
      const url = options.mediaUrl ?? cdn()
      const share = bodies.sharedAttachment(what, options.mediaId ?? newMediaId(), url, options.title)
      const all = options.twin ? [{ type: 'share', payload: { url } }, share] : [share]
      return wrote(customer, { attachments: [{ type: what, url }] }, options, (mid) => bodies.attached(mid, all))
    },

    likeHeart: bare('like_heart'),
    /** A photo to be seen once: its content never comes. */
    ephemeral: bare('ephemeral'),
    /** A kind nobody has told of yet. */
    unknownAttachment: bare('hologram'),

    /** What the API does not carry: polls, stickers, effects. */
    unsupported: (customer: SimulatedCustomer, options: Options & Readonly<{ text?: string }> = {}) =>
      wrote(customer, { text: options.text ?? null, isUnsupported: true }, options, (mid) =>
        bodies.unsupported(mid, options.text),
      ),

    /** `story: null` names the story without its link, `nothing: true` is the `reply_to: {}` that was seen too. */
    storyReply(
      customer: SimulatedCustomer,
      text: string,
      options: Options & Readonly<{ storyId?: string; storyUrl?: string | null; nothing?: boolean }> = {},
    ) {
      const url = options.storyUrl === undefined ? cdn() : options.storyUrl
      const story = options.nothing ? null : { id: options.storyId ?? newMediaId(), url }
      const { account } = customer
      // The account's own: it can be looked up as its posts can.
      if (story && !world.media.has(story.id)) {
        world.media.set(story.id, { id: story.id, account, caption: 'A story', deleted: false })
      }
      const shown = story && url !== null ? { id: story.id, url } : null
      return wrote(customer, { text, story: shown }, options, (mid) => bodies.storyReply(mid, text, story))
    },

    storyMention(customer: SimulatedCustomer, options: Options & Readonly<{ storyUrl?: string }> = {}) {
      const url = options.storyUrl ?? cdn()
      return wrote(customer, { attachments: [{ type: 'story_mention', url }] }, options, (mid) =>
        bodies.storyMention(mid, url),
      )
    },

    quickReply: (customer: SimulatedCustomer, title: string, options: Options & Readonly<{ payload?: string }> = {}) =>
      wrote(customer, { text: title }, options, (mid) =>
        bodies.quickReply(mid, title, options.payload ?? payloadOf(title)),
      ),

    /** In standby without its payload, as Meta leaves it out there. */
    postback: (
      customer: SimulatedCustomer,
      title: string,
      options: Options & Readonly<{ payload?: string; referral?: bodies.Referral }> = {},
    ) =>
      wrote(customer, { text: title }, options, (mid) => {
        const payload = options.envelope === 'standby' ? null : (options.payload ?? payloadOf(title))
        return bodies.postback(mid, title, payload, options.referral)
      }),
  }
}
