import { newCommentId, newMediaId, newMessageId } from './ids.ts'
import type { Addressing, PostOffice } from './post-office.ts'
import type { MediaType, PhoneMessage, SimulatedAccount, SimulatedCustomer, Webhook } from './types.ts'
import * as bodies from './webhook-bodies.ts'
import { toWire } from './wire.ts'
import type { World } from './world.ts'

export type Options = Addressing &
  Readonly<{
    /** When it happened; default now. */
    at?: Date
    mid?: string
    /** Only makes the webhook; `deliver` sends it, as often and in what order the test wants. */
    hold?: boolean
  }>

export type CommentOptions = Options &
  Readonly<{
    mediaId?: string
    /** What the account wrote under its post. */
    caption?: string
    /** The account has taken the post away meanwhile. */
    deleted?: boolean
    ad?: Readonly<{ id: string; title: string }>
    product?: 'FEED' | 'REELS' | 'AD' | 'LIVE'
    parentId?: string
    form?: 'changes' | 'flat'
  }>

type Content = Pick<PhoneMessage, 'text' | 'attachments' | 'replyTo' | 'story'>

const cdn = (): string => `https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=${newMediaId()}&signature=simulated`

export type Actions = ReturnType<typeof createActions>

/** What people do on Instagram. Each resolves once the receiver has answered the signed webhook, whatever it answered. */
export function createActions(world: World, office: PostOffice) {
  const post = (webhook: Webhook, options: Options): Promise<Webhook> =>
    options.hold ? Promise.resolve(webhook) : office.deliver(webhook, options)

  function postItem(
    customer: SimulatedCustomer,
    from: 'customer' | 'business',
    at: Date,
    mid: string,
    payload: bodies.Payload,
    options: Options,
  ): Promise<Webhook> {
    const { account } = customer
    const [sender, recipient] = from === 'customer' ? [customer.id, account.id] : [account.id, customer.id]
    const sentAt = new Date(Math.max(at.getTime(), world.now().getTime()))
    const body = bodies.messagingBody(account.id, [bodies.item(sender, recipient, at, payload)], sentAt)
    return post(office.write(account, toWire(body), { customer, mid }), options)
  }

  /** A message of the customer's: on their phone, opening the window, and as a webhook. */
  function wrote(
    customer: SimulatedCustomer,
    content: Partial<Content>,
    options: Options,
    payload: (mid: string) => bodies.Payload,
  ): Promise<Webhook> {
    const mid = options.mid ?? newMessageId(customer.account.id)
    const at = options.at ?? world.nextEventAt(customer.id)
    world.show(customer, { mid, from: 'customer', at, ...content })
    world.wrote(customer, at)
    return postItem(customer, 'customer', at, mid, payload(mid), options)
  }

  const media =
    (type: MediaType) =>
    (customer: SimulatedCustomer, options: Options & Readonly<{ mediaUrl?: string; text?: string }> = {}) => {
      const url = options.mediaUrl ?? cdn()
      return wrote(customer, { text: options.text ?? null, attachments: [{ type, url }] }, options, (mid) =>
        bodies.media(mid, type, url, options.text),
      )
    }

  const bubble = (customer: SimulatedCustomer, mid: string): PhoneMessage | undefined =>
    world.phone(customer).find((one) => one.mid === mid)
  const revisions = new Map<string, number>()

  return {
    dm: (customer: SimulatedCustomer, text: string, options: Options & Readonly<{ replyTo?: string }> = {}) =>
      wrote(customer, { text, replyTo: options.replyTo ?? null }, options, (mid) =>
        bodies.text(mid, text, options.replyTo),
      ),

    image: media('image'),
    video: media('video'),
    audio: media('audio'),
    file: media('file'),

    storyReply(
      customer: SimulatedCustomer,
      text: string,
      options: Options & Readonly<{ storyId?: string; storyUrl?: string }> = {},
    ) {
      const story = { id: options.storyId ?? newMediaId(), url: options.storyUrl ?? cdn() }
      return wrote(customer, { text, story }, options, (mid) => bodies.storyReply(mid, text, story))
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

    postback: (customer: SimulatedCustomer, title: string, options: Options & Readonly<{ payload?: string }> = {}) =>
      wrote(customer, { text: title }, options, (mid) =>
        bodies.postback(mid, title, options.payload ?? payloadOf(title)),
      ),

    optin(customer: SimulatedCustomer, options: Options & Readonly<{ payload?: string; title?: string }> = {}) {
      const mid = options.mid ?? newMessageId(customer.account.id)
      const at = options.at ?? world.nextEventAt(customer.id)
      const payload = bodies.optin(options.payload ?? 'NEWS', options.title ?? 'News', newMediaId())
      return postItem(customer, 'customer', at, mid, payload, options)
    },

    /** In either envelope; the person has not written to the account by this, so the window stays shut. */
    comment(customer: SimulatedCustomer, text: string, options: CommentOptions = {}) {
      const { account } = customer
      const id = options.mid ?? newCommentId()
      const at = options.at ?? world.nextEventAt(customer.id)
      world.comments.set(id, { id, customer, at, privateReplyMid: null })
      world.show(customer, { mid: id, from: 'customer', kind: 'comment', text, at })
      const mediaId = options.mediaId ?? newMediaId()
      if (!world.media.has(mediaId)) {
        world.media.set(mediaId, {
          id: mediaId,
          account,
          caption: options.caption ?? 'A post',
          deleted: options.deleted ?? false,
        })
      }
      const value: bodies.CommentValue = {
        id,
        from: { id: customer.id, username: customer.username },
        text,
        media: {
          id: mediaId,
          media_product_type: options.product ?? 'FEED',
          ...(options.ad ? { ad_id: options.ad.id, ad_title: options.ad.title } : {}),
        },
        ...(options.parentId === undefined ? {} : { parent_id: options.parentId }),
      }
      const field = options.product === 'LIVE' ? 'live_comments' : 'comments'
      const body = toWire(bodies.changeBody(account.id, { field, value }, at, options.form))
      return post(office.write(account, body, { customer, mid: id }), options)
    },

    /** Somebody names the account under a post of their own: in its caption, or in a comment. */
    mention(customer: SimulatedCustomer, text: string, options: Options & Readonly<{ inComment?: boolean }> = {}) {
      const mediaId = newMediaId()
      const commentId = options.inComment ? newCommentId() : null
      world.mentions.set(commentId ?? mediaId, { customer, text, mediaId })
      const value = { media_id: mediaId, ...(commentId === null ? {} : { comment_id: commentId }) }
      const at = options.at ?? world.nextEventAt(customer.id)
      const body = toWire(bodies.changeBody(customer.account.id, { field: 'mentions', value }, at))
      return post(office.write(customer.account, body, { customer, mid: commentId ?? mediaId }), options)
    },

    unsend(customer: SimulatedCustomer, mid: string, options: Options = {}) {
      const taken = bubble(customer, mid)
      if (taken) taken.unsent = true
      const from = taken?.from ?? 'customer'
      const at = options.at ?? world.nextEventAt(customer.id)
      return postItem(customer, from, at, mid, bodies.unsend(mid, from === 'business'), options)
    },

    edit(
      customer: SimulatedCustomer,
      mid: string,
      text: string,
      options: Options & Readonly<{ revision?: number }> = {},
    ) {
      const edited = bubble(customer, mid)
      if (edited) edited.text = text
      const revision = options.revision ?? (revisions.get(mid) ?? 0) + 1
      revisions.set(mid, revision)
      const at = options.at ?? world.nextEventAt(customer.id)
      return postItem(customer, 'customer', at, mid, bodies.edit(mid, text, revision), options)
    },

    /** Somebody answers by thumb, in the business's Instagram app: all the service sees of it is an echo. */
    typedOnPhone(customer: SimulatedCustomer, text: string, options: Options = {}) {
      const mid = options.mid ?? newMessageId(customer.account.id)
      const at = options.at ?? world.nextEventAt(customer.id)
      world.show(customer, { mid, from: 'business', via: 'instagram-app', text, at })
      return postItem(customer, 'business', at, mid, bodies.echo(mid, { text, attachments: [] }), options)
    },

    /** The echo of a message that is on the phone already. */
    echo: (customer: SimulatedCustomer, message: PhoneMessage, options: Options = {}) =>
      postItem(customer, 'business', message.at, message.mid, bodies.echo(message.mid, message), options),

    dashboardTest(account: SimulatedAccount, field = 'messages', options: Options = {}) {
      const body = bodies.changeBody('0', { field, value: bodies.dashboardSample(field) }, world.now())
      return post(office.write(account, toWire(body)), options)
    },

    /** Any body: an object is written as Meta would, text and bytes go out as they are. */
    raw(account: SimulatedAccount, body: string | Uint8Array | object, options: Options = {}) {
      const bytes = typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : toWire(body)
      return post(office.write(account, bytes), options)
    },

    /** What Meta does when the webhook is configured; true when the receiver gave the challenge back. */
    async handshake(account: SimulatedAccount, verifyToken: string): Promise<boolean> {
      const url = new URL(account.webhookUrl ?? '')
      const challenge = String(world.now().getTime())
      url.search = new URLSearchParams({
        'hub.mode': 'subscribe',
        'hub.challenge': challenge,
        'hub.verify_token': verifyToken,
      }).toString()
      const response = await fetch(url, { headers: { 'User-Agent': 'facebookplatform/1.0' } })
      return response.status === 200 && (await response.text()) === challenge
    },
  }
}

const payloadOf = (title: string): string => title.toUpperCase().replace(/[^\p{L}\p{N}]+/gu, '_')
