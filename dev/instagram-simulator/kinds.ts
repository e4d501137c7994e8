import type { EchoOrigin } from './account-actions.ts'
import type { Actions, Options } from './actions.ts'
import type { SimulatedAccount, SimulatedCustomer, Webhook } from './types.ts'
import type { Envelope, Referral } from './webhook-bodies.ts'

/** An action as JSON, from the command line, a scenario or another process. */
export type ActionRequest = Readonly<{
  action: string
  /** An account's id; default: the first. */
  account?: string
  /** A customer's id or username; who is unknown is made. */
  from?: string
  name?: string
  text?: string
  /** The message that is meant, where there is one; else the new message's id. */
  mid?: string
  /** The message this one answers. */
  replyTo?: string
  mediaUrl?: string
  mediaId?: string
  albumId?: string
  storyUrl?: string
  title?: string
  /** Of a shared thing or an attachment: share, ig_post, ig_reel, reel, story, media. */
  type?: string
  /** The post as the older `share` besides. */
  twin?: boolean
  payload?: string
  field?: string
  form?: 'changes' | 'flat' | 'messaging'
  envelope?: Envelope
  emoji?: string
  reaction?: string
  /** Takes a reaction back in the older words. */
  verb?: boolean
  ref?: string
  adId?: string | number
  adTitle?: string
  productId?: string
  origin?: EchoOrigin
  by?: 'customer' | 'business'
  parentId?: string
  product?: 'FEED' | 'REELS' | 'AD' | 'LIVE'
  caption?: string
  withoutText?: boolean
  inComment?: boolean
  postback?: boolean
  revision?: number
  count?: number
  /** App ids in thread control. */
  to?: string
  previous?: string
  body?: unknown
}>

/** What must be said: nothing; a text; a text if wanted; the message that is meant; that message, and a text. */
export type Takes = 'nothing' | 'text' | 'text?' | 'mid' | 'mid text'

export type Kind = Readonly<{ takes: Takes; usage: string; says: string }> &
  (
    | Readonly<{
        of: 'person'
        /** The account does it, towards the person. */
        byAccount?: true
        act: (actions: Actions, who: SimulatedCustomer, request: Said, options: Options) => Promise<Webhook>
      }>
    | Readonly<{
        of: 'account'
        act: (actions: Actions, at: SimulatedAccount, request: Said, options: Options) => Promise<Webhook>
      }>
  )

/** A request with what its kind takes. */
type Said = ActionRequest & Readonly<{ text: string; mid: string }>

const given = <T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never

/** Where the person came from, if anywhere is named. */
function cameFrom({ ref, adId, adTitle, productId }: ActionRequest): { referral?: Referral } {
  const referral = given({ ref, adId, adTitle, productId })
  return Object.keys(referral).length === 0 ? {} : { referral }
}

const person = (takes: Takes, usage: string, says: string, act: Extract<Kind, { of: 'person' }>['act']): Kind => ({
  of: 'person',
  takes,
  usage,
  says,
  act,
})
/** What the account does to a person. */
const towards = (...[takes, usage, says, act]: Parameters<typeof person>): Kind => ({
  of: 'person',
  byAccount: true,
  takes,
  usage,
  says,
  act,
})
const account = (takes: Takes, usage: string, says: string, act: Extract<Kind, { of: 'account' }>['act']): Kind => ({
  of: 'account',
  takes,
  usage,
  says,
  act,
})

const media = (type: 'image' | 'video' | 'audio' | 'file'): Kind =>
  person('text?', '["text"] --media-url URL', `an attachment: ${type}`, (actions, who, { mediaUrl, text }, options) =>
    actions[type](who, { ...options, ...given({ mediaUrl, text: text || undefined }) }),
  )

const comment =
  (act: Partial<ActionRequest>): Extract<Kind, { of: 'person' }>['act'] =>
  (actions, who, request, options) => {
    const { mediaId, albumId, form, parentId, product, caption, withoutText, adId, adTitle } = { ...request, ...act }
    const ad = adId === undefined ? undefined : { id: String(adId), title: adTitle ?? 'An ad' }
    const flat = form === 'messaging' ? undefined : form
    return actions.comment(who, request.text, {
      ...options,
      ...given({ mediaId, albumId, form: flat, parentId, product, caption, withoutText, ad }),
    })
  }

const thread = (verb: 'passThread' | 'takeThread' | 'requestThread', says: string): Kind =>
  person('nothing', '--to APP --previous APP', says, (actions, who, { to, previous }, options) =>
    actions[verb](who, { ...options, ...given({ to, from: previous }) }),
  )

/** Everything that can happen, by the name it has on the command line, in scenarios and in the control API. */
export const KINDS: Readonly<Record<string, Kind>> = {
  dm: person(
    'text',
    '"text"',
    'a direct message (--reply-to MID, --ad-id, --ref, --product-id)',
    (actions, who, request, options) =>
      actions.dm(who, request.text, { ...options, ...given({ replyTo: request.replyTo }), ...cameFrom(request) }),
  ),
  'story-reply': person(
    'text',
    '"text"',
    'an answer to a story of the account (--story-url URL)',
    (actions, who, request, options) =>
      actions.storyReply(who, request.text, { ...options, ...given({ storyUrl: request.storyUrl }) }),
  ),
  'story-mention': person(
    'nothing',
    '',
    'the account mentioned in a story (--story-url URL)',
    (actions, who, { storyUrl }, options) => actions.storyMention(who, { ...options, ...given({ storyUrl }) }),
  ),
  image: media('image'),
  video: media('video'),
  audio: media('audio'),
  file: media('file'),
  share: person(
    'nothing',
    '--type TYPE',
    'share, ig_post (default), ig_reel, reel, story or media (--title, --twin)',
    (actions, who, { type, title, twin, mediaUrl, mediaId }, options) =>
      actions.shared(who, type as 'ig_post' | undefined, { ...options, ...given({ title, twin, mediaUrl, mediaId }) }),
  ),
  'like-heart': person('nothing', '', 'the heart sticker', (actions, who, _request, options) =>
    actions.likeHeart(who, options),
  ),
  ephemeral: person('nothing', '', 'a photo to be seen once', (actions, who, _request, options) =>
    actions.ephemeral(who, options),
  ),
  unsupported: person('text?', '["text"]', 'what the API does not carry', (actions, who, { text }, options) =>
    actions.unsupported(who, { ...options, ...given({ text: text || undefined }) }),
  ),
  'unknown-attachment': person('nothing', '', 'an attachment of a kind to come', (actions, who, _request, options) =>
    actions.unknownAttachment(who, options),
  ),
  'quick-reply': person(
    'text',
    '"title"',
    'a tapped quick reply (--payload P)',
    (actions, who, { text, payload }, options) => actions.quickReply(who, text, { ...options, ...given({ payload }) }),
  ),
  postback: person(
    'text',
    '"title"',
    'a tapped button (--payload P, --ad-id, --ref)',
    (actions, who, request, options) =>
      actions.postback(who, request.text, { ...options, ...given({ payload: request.payload }), ...cameFrom(request) }),
  ),
  comment: person(
    'text',
    '"text"',
    'under a post (--flat: the other envelope; --media-id, --album ID, --parent MID)',
    comment({}),
  ),
  'ad-comment': person('text', '"text"', 'under an ad (--ad-id, --ad-title)', (actions, who, request, options) =>
    comment({ adId: request.adId ?? '120000000000000001' })(actions, who, request, options),
  ),
  'live-comment': person('text', '"text"', 'under a broadcast, while it runs', comment({ product: 'LIVE' })),
  'live-burst': person(
    'text',
    '"text" --count N',
    'many under a broadcast in one delivery',
    (actions, who, { text, count, mediaId }, options) =>
      actions.liveBurst([who], text, count ?? 20, { ...options, ...given({ mediaId }) }),
  ),
  'own-comment': account(
    'text',
    '"text"',
    'the account under its own post (--media-id, --parent MID)',
    (actions, at, { text, mediaId, parentId }, options) =>
      actions.ownComment(at, text, { ...options, ...given({ mediaId, parentId }) }),
  ),
  mention: person(
    'text',
    '"text"',
    'the account named in a caption (--in-comment: in a comment)',
    (actions, who, { text, inComment }, options) => actions.mention(who, text, { ...options, ...given({ inComment }) }),
  ),
  react: person(
    'mid',
    'MID',
    'a reaction (--emoji; custom ones too)',
    (actions, who, { mid, emoji, reaction }, options) =>
      actions.react(who, mid, { ...options, ...given({ emoji, reaction }) }),
  ),
  unreact: person('mid', 'MID', 'takes it back (--verb: in the older words)', (actions, who, { mid, verb }, options) =>
    actions.unreact(who, mid, { ...options, ...given({ verb }) }),
  ),
  read: person('mid', 'MID', 'has seen up to this message', (actions, who, { mid }, options) =>
    actions.read(who, mid, options),
  ),
  edit: person('mid text', 'MID "text"', 'changes a message', (actions, who, { mid, text, revision }, options) =>
    actions.edit(who, mid, text, { ...options, ...given({ revision }) }),
  ),
  'ghost-edit': account('mid', 'MID', 'announces a message as an edit of nothing', (actions, at, { mid }, options) =>
    actions.ghostEdit(at, mid, options),
  ),
  unsend: person(
    'mid',
    'MID',
    'takes a message back (--by business: the account’s)',
    (actions, who, { mid, by }, options) => actions.unsend(who, mid, { ...options, ...given({ by }) }),
  ),
  referral: person(
    'nothing',
    '--ref R',
    'follows a link, an ad (--ad-id) or a product (--product-id)',
    (actions, who, request, options) => actions.referral(who, { ...options, ...cameFrom(request) }),
  ),
  optin: person('nothing', '', 'agrees to be written to (--payload P)', (actions, who, { payload }, options) =>
    actions.optin(who, { ...options, ...given({ payload }) }),
  ),
  'pass-thread': thread('passThread', 'the conversation is given to another app'),
  'take-thread': thread('takeThread', 'an app takes the conversation'),
  'request-thread': thread('requestThread', 'an app asks for the conversation'),
  'typed-on-phone': towards(
    'text',
    '"text"',
    'an answer typed in the account’s app (--origin business-suite, other-app, ai)',
    (actions, who, { text, origin }, options) => actions.typedOnPhone(who, text, { ...options, ...given({ origin }) }),
  ),
  'template-echo': towards('text', '"title"', 'a template another app sent', (actions, who, { text }, options) =>
    actions.templateEcho(who, text, options),
  ),
  'self-message': account(
    'text',
    '"text"',
    'the account to itself (--postback)',
    (actions, at, { text, postback }, options) => actions.selfMessage(at, text, { ...options, ...given({ postback }) }),
  ),
  'story-insights': account('nothing', '', 'what a story brought', (actions, at, _request, options) =>
    actions.storyInsights(at, options),
  ),
  policy: account('nothing', '', 'Meta warns the account', (actions, at, _request, options) =>
    actions.policyEnforcement(at, options),
  ),
  'unknown-event': person('nothing', '', 'an event of a kind to come', (actions, who, _request, options) =>
    actions.unknownEvent(who, options),
  ),
  'unknown-change': account('nothing', '', 'a change of a field to come', (actions, at, _request, options) =>
    actions.unknownChange(at, options),
  ),
  'changed-fields': account('nothing', '', 'names of fields alone', (actions, at, _request, options) =>
    actions.changedFields(at, undefined, options),
  ),
  'empty-entry': account('nothing', '', 'an entry with nothing in it', (actions, at, _request, options) =>
    actions.emptyEntry(at, options),
  ),
  'page-object': account('text', '"text"', 'a message of the linked Page', (actions, at, { text }, options) =>
    actions.pageObject(at, text, options),
  ),
  burst: person(
    'text',
    '"text" --count N',
    'many direct messages in one delivery',
    async (actions, who, { text, count = 20 }, options) => {
      const held: Webhook[] = []
      for (let number = 1; number <= count; number += 1)
        held.push(await actions.dm(who, `${text} ${number}`, { ...options, hold: true }))
      return actions.batch(held, options)
    },
  ),
  'dashboard-test': account(
    'text?',
    '[field]',
    'the "Test" button of Meta’s dashboard (--form messaging)',
    (actions, at, { field, text, form }, options) =>
      actions.dashboardTest(at, field ?? (text || undefined), {
        ...options,
        ...(form === 'messaging' ? { form } : {}),
      }),
  ),
  raw: account('text?', "'body'", 'any body, signed as it is', (actions, at, { body, text }, options) =>
    actions.raw(at, (body as object | undefined) ?? text, options),
  ),
}
