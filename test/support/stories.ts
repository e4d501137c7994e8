import * as fc from 'fast-check'
import { type Attachment, type AttachmentType, NO_CONTEXT } from '../../src/core/channel/content.ts'
import type { InboundEvent, Surface, Thread } from '../../src/core/channel/inbound-event.ts'
import type { ExternalMessageId, ExternalUserId } from '../../src/core/ids.ts'
import { aMessage, anEcho, anEdit, anUnsend, minutes } from '../builders/events.ts'

/** Few people, times and ids, so that everything collides with everything. */
const person = fc.constantFrom('ann', 'ann', 'bea')
const time = fc.integer({ min: 0, max: 3 })

/** What two events of one time say of a person may differ, and one may tell a name that the other does not. */
const names = fc.record({
  username: fc.constantFrom(null, 'one', 'two'),
  name: fc.constantFrom(null, null, 'Ann', 'Bea'),
})

type Names = Readonly<{ username: string | null; name: string | null }>

const threadOf = (surface: Surface, key: string, who: string, called: Names): Thread => ({
  surface,
  key,
  person: { externalId: who as ExternalUserId, ...called },
})

const unnamed: Names = { username: null, name: null }
const directly = (who: string): Thread => threadOf('DM', who, who, unnamed)

const attached = (type: AttachmentType, platformType: string): Attachment => ({
  type,
  url: platformType === 'ephemeral' ? null : `https://cdn.example/${platformType}`,
  title: platformType === 'ig_reel' ? 'a reel' : null,
  platformType,
})

const noReferral = { source: null, ref: null, adId: null, adTitle: null, productId: null }

const DIRECT = [
  'text',
  'text',
  'story reply',
  'story mention',
  'quick reply',
  'reply',
  'reply to an unknown one',
  'image',
  'two pieces',
  'audio',
  'file',
  'shared post',
  'reel',
  'ephemeral',
  'unknown attachment',
  'unsupported',
  'unsupported with text',
  'postback',
  'from an ad',
] as const
const PUBLIC = ['comment', 'comment', 'comment on an ad', 'reply to a comment', 'live comment'] as const
const ECHOES = ['from the phone', 'from the suite', 'from the AI', 'a template'] as const

type Said<What> = Readonly<{
  what: What
  who: string
  minute: number
  from: string | null
  ad: string
  post: string
  called: Names
}>

const said = <What extends string>(kinds: readonly What[]): fc.Arbitrary<Said<What>> =>
  fc.record({
    what: fc.constantFrom(...kinds),
    who: person,
    minute: time,
    from: fc.constantFrom(null, 'spring', 'autumn'),
    ad: fc.constantFrom('ad 1', 'ad 2'),
    post: fc.constantFrom('post 1', 'post 1', 'post 2'),
    called: names,
  })

/** Makes an event of an external id. */
type Telling = (externalId: string) => InboundEvent

const direct = ({ what, who, minute, from, ad, called }: Said<(typeof DIRECT)[number]>): Telling => {
  const story = {
    ...NO_CONTEXT,
    mediaId: 'story',
    mediaUrl: 'https://cdn.example/story',
    expiresAt: minutes(minute + 1440),
  }
  const referral = from === null ? null : { ...noReferral, ref: from }
  const media = (...attachments: Attachment[]) => ({ text: null, kind: 'MEDIA', attachments }) as const
  const content = (): Parameters<typeof aMessage>[0] => {
    switch (what) {
      case 'text':
        return { referral }
      case 'story reply':
        return { kind: 'STORY_REPLY', context: { ...story, type: 'STORY_REPLY' } }
      case 'story mention':
        return { text: null, kind: 'STORY_MENTION', context: { ...story, type: 'STORY_MENTION' } }
      case 'quick reply':
        return { kind: 'QUICK_REPLY', context: { ...NO_CONTEXT, type: 'QUICK_REPLY', payload: 'YES' } }
      case 'reply':
        return { replyToExternalId: id('m0') }
      case 'reply to an unknown one':
        return { replyToExternalId: id('never') }
      case 'image':
        return media(attached('IMAGE', 'image'))
      case 'two pieces':
        return { ...media(attached('IMAGE', 'image'), attached('VIDEO', 'video')), text: 'both' }
      case 'audio':
        return media(attached('AUDIO', 'audio'))
      case 'file':
        return media(attached('FILE', 'file'))
      case 'shared post':
        return {
          ...media(attached('SHARE', 'ig_post')),
          context: { ...NO_CONTEXT, type: 'SHARE', mediaId: 'shared', mediaUrl: 'https://cdn.example/ig_post' },
        }
      case 'reel':
        return media(attached('SHARE', 'ig_reel'))
      case 'ephemeral':
        return media(attached('OTHER', 'ephemeral'))
      case 'unknown attachment':
        return media(attached('OTHER', 'hologram'))
      case 'unsupported':
        return { text: null, kind: 'UNSUPPORTED' }
      case 'unsupported with text':
        return { kind: 'UNSUPPORTED' }
      case 'postback':
        return { kind: 'POSTBACK', referral, context: { ...NO_CONTEXT, type: 'POSTBACK', payload: 'START' } }
      case 'from an ad':
        return {
          referral: { ...noReferral, source: 'ADS', adId: ad, adTitle: ad },
          context: { ...NO_CONTEXT, type: 'AD', adId: ad, adTitle: ad },
        }
    }
  }
  return (externalId) =>
    aMessage({
      text: `${what} ${externalId}`,
      ...content(),
      externalId,
      at: minutes(minute),
      // Some channels name whoever writes.
      thread: threadOf('DM', who, who, called),
    })
}

const comment = ({ what, who, minute, ad, post, called }: Said<(typeof PUBLIC)[number]>): Telling => {
  const shown = what === 'comment on an ad' ? { adId: ad, adTitle: ad } : {}
  const type = what === 'live comment' ? 'LIVE_COMMENT' : 'COMMENT'
  return (externalId) =>
    aMessage({
      externalId,
      at: minutes(minute),
      text: `${what} ${externalId}`,
      thread: threadOf('COMMENT', `${post}:${who}`, who, { ...called, name: null }),
      kind: 'COMMENT',
      context: { ...NO_CONTEXT, type, mediaId: post, ...shown },
      replyToExternalId: what === 'reply to a comment' ? id('m0') : null,
    })
}

const mention = ({ minute }: Said<string>): Telling => {
  // Who it was is not told: each is somebody of its own.
  return (externalId) =>
    aMessage({
      externalId,
      at: minutes(minute),
      text: null,
      thread: threadOf('MENTION', `mention ${externalId}`, `mention ${externalId}`, unnamed),
      kind: 'MENTION',
      opensWindow: false,
      context: { ...NO_CONTEXT, type: 'MENTION', mediaId: 'a post of somebody' },
    })
}

const echo = ({ what, who, minute }: Said<(typeof ECHOES)[number]>): Telling => {
  const via = what === 'from the suite' ? 'BUSINESS_SUITE' : what === 'from the AI' ? 'PLATFORM_AI' : 'PLATFORM_APP'
  const template = { text: null, kind: 'MEDIA', attachments: [attached('OTHER', 'template')] } as const
  return (externalId) =>
    anEcho({
      text: `${what} ${externalId}`,
      ...(what === 'a template' && template),
      externalId,
      at: minutes(minute),
      thread: directly(who),
      via,
    })
}

const telling: fc.Arbitrary<Telling> = fc.oneof(
  { weight: 12, arbitrary: said(DIRECT).map(direct) },
  { weight: 6, arbitrary: said(PUBLIC).map(comment) },
  { weight: 1, arbitrary: said(['mention']).map(mention) },
  { weight: 5, arbitrary: said(ECHOES).map(echo) },
)

/** Mostly of the same message and at the same time, so that the rules for ties are needed; `m2` seldom comes. */
const message = fc.constantFrom('m0', 'm0', 'm0', 'm3', 'm2')
const later = fc.constantFrom(5, 5, 5, 6)

const id = (externalId: string) => externalId as ExternalMessageId

const EMOJIS = [null, { name: 'love', emoji: '❤️' }, { name: 'other', emoji: '🧿' }] as const

/** What is said of a message, which may never come. */
const ofMessage: fc.Arbitrary<InboundEvent> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ of: message, minute: later }).map(({ of, minute }) => anUnsend(of, minutes(minute))),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ of: message, revision: fc.constantFrom(1, 1, 2), minute: later, word: fc.constantFrom('a', 'b') })
      .map(({ of, revision, minute, word }) => anEdit(of, `edit ${word}`, revision, minutes(minute))),
  },
  {
    weight: 4,
    arbitrary: fc.record({ of: message, actor: person, minute: later, reaction: fc.constantFrom(...EMOJIS) }).map(
      ({ of, actor, minute, reaction }): InboundEvent => ({
        type: 'reaction',
        externalId: id(of),
        actor: actor as ExternalUserId,
        reaction,
        at: minutes(minute),
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ of: message, minute: later })
      .map(({ of, minute }): InboundEvent => ({ type: 'read', externalId: id(of), at: minutes(minute) })),
  },
)

/** What is said of a conversation, and what says nothing. */
const ofConversation: fc.Arbitrary<InboundEvent> = fc
  .record({ who: person, minute: time })
  .chain(({ who, minute }): fc.Arbitrary<InboundEvent> => {
    const about = { thread: directly(who), at: minutes(minute) }
    return fc.oneof(
      fc
        .constantFrom('spring', 'autumn')
        .map((ref): InboundEvent => ({ ...about, type: 'referral', referral: { ...noReferral, ref } })),
      fc.constantFrom(null, '111', '222').map((owner): InboundEvent => ({ ...about, type: 'thread-control', owner })),
      fc.constantFrom<InboundEvent>(
        { ...about, type: 'optin', externalId: id(`o-${who}-${minute}`), agrees: true, payload: 'weekly' },
        { at: about.at, type: 'unhandled', known: false, reason: 'of no concern' },
      ),
    )
  })

const remark = fc.oneof({ weight: 12, arbitrary: ofMessage }, { weight: 6, arbitrary: ofConversation })

/** Up to 12 events. Ids are not given in the order of their making: they break ties, and must do so whatever came first. */
export const story: fc.Arbitrary<readonly InboundEvent[]> = fc
  .record({ messages: fc.array(telling, { minLength: 1, maxLength: 5 }), remarks: fc.array(remark, { maxLength: 7 }) })
  .map(({ messages, remarks }) => [...messages.map((tell, index) => tell(`m${(index * 3) % 5}`)), ...remarks])
