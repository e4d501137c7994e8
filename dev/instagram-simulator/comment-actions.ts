import type { Acting, Options } from './acting.ts'
import { newCommentId, newMediaId } from './ids.ts'
import type { SimulatedAccount, SimulatedCustomer, Webhook } from './types.ts'
import * as bodies from './webhook-bodies.ts'
import { toWire } from './wire.ts'

export type CommentOptions = Options &
  Readonly<{
    mediaId?: string
    /** Under an album, of which the webhook names one picture: nothing is told of that by itself. */
    albumId?: string
    /** What the account wrote under its post. */
    caption?: string
    /** The account has taken the post away meanwhile. */
    deleted?: boolean
    ad?: Readonly<{ id: string; title: string }>
    product?: 'FEED' | 'REELS' | 'AD' | 'LIVE'
    parentId?: string
    form?: 'changes' | 'flat'
    /** A sticker alone has no text. */
    withoutText?: boolean
  }>

type Author = Readonly<{ id: string; username: string; self_ig_scoped_id?: string }>

/** What happens under posts. */
export function commentActions({ world, office, post, postBody, timeOf, now }: Acting) {
  function knowPost(account: SimulatedAccount, options: CommentOptions): string {
    const id = options.mediaId ?? newMediaId()
    const post = options.albumId ?? id
    if (!world.media.has(post)) {
      const { caption = 'A post', deleted = false } = options
      world.media.set(post, { id: post, account, caption, deleted })
    }
    return id
  }

  function value(
    id: string,
    from: Author,
    text: string,
    mediaId: string,
    options: CommentOptions,
  ): bodies.CommentValue {
    const { ad } = options
    return {
      id,
      from,
      ...(options.withoutText ? {} : { text }),
      media: {
        id: mediaId,
        media_product_type: options.product ?? (ad ? 'AD' : 'FEED'),
        ...(ad ? { ad_id: ad.id, ad_title: ad.title, original_media_id: mediaId } : {}),
      },
      ...(options.parentId === undefined ? {} : { parent_id: options.parentId }),
    }
  }

  const fieldOf = ({ product }: CommentOptions) => (product === 'LIVE' ? 'live_comments' : 'comments')

  /** In either envelope; the person has not written to the account by this, so the window stays shut. */
  function comment(customer: SimulatedCustomer, text: string, options: CommentOptions = {}): Promise<Webhook> {
    const { account } = customer
    const id = options.mid ?? newCommentId()
    const at = timeOf(customer, options)
    const mediaId = knowPost(account, options)
    world.comments.set(id, {
      id,
      customer,
      at,
      privateReplyMid: null,
      mediaId,
      postId: options.albumId ?? mediaId,
      parentId: options.parentId ?? null,
      isLive: options.product === 'LIVE',
      hidden: false,
      deleted: false,
      replies: [],
    })
    world.show(customer, { mid: id, from: 'customer', kind: 'comment', text: options.withoutText ? null : text, at })
    const from = { id: customer.id, username: customer.username }
    const change = { field: fieldOf(options), value: value(id, from, text, mediaId, options) }
    const body = toWire(bodies.changeBody(account.id, change, at, options.form))
    return post(office.write(account, body, { customer, mid: id }), options)
  }

  return {
    comment,

    /** Many under one broadcast at once: all in one delivery, as they come then. */
    async liveBurst(people: readonly SimulatedCustomer[], text: string, count: number, options: CommentOptions = {}) {
      const [first] = people
      if (!first) throw new Error('A burst needs people')
      const live = { mediaId: newMediaId(), ...options, product: 'LIVE', hold: true } as const
      const held: bodies.Body[] = []
      for (let number = 0; number < count; number += 1) {
        const who = people[number % people.length] ?? first
        const { body } = await comment(who, `${text} ${number + 1}`, live)
        held.push(JSON.parse(body.toString()) as bodies.Body)
      }
      return post(office.write(first.account, toWire(bodies.together(held))), options)
    },

    /**
     * The account under its own post: comes back as an event, as its answers through the API do. An answer stands with the others
     * under its comment.
     */
    ownComment(account: SimulatedAccount, text: string, options: CommentOptions = {}) {
      const id = options.mid ?? newCommentId()
      const parent = options.parentId === undefined ? undefined : world.comments.get(options.parentId)
      if (parent) world.answer(parent, { id, text, at: options.at ?? now() })
      const from = { id: account.id, username: account.username, self_ig_scoped_id: account.appScopedId }
      const change = { field: fieldOf(options), value: value(id, from, text, knowPost(account, options), options) }
      return postBody(account, bodies.changeBody(account.id, change, options.at ?? now(), options.form), options, {
        mid: id,
      })
    },

    /** Somebody names the account under a post of their own: in its caption, or in a comment. */
    mention(customer: SimulatedCustomer, text: string, options: Options & Readonly<{ inComment?: boolean }> = {}) {
      const mediaId = newMediaId()
      const commentId = options.inComment ? newCommentId() : null
      world.mentions.set(commentId ?? mediaId, { customer, text, mediaId })
      const named = { media_id: mediaId, ...(commentId === null ? {} : { comment_id: commentId }) }
      const at = timeOf(customer, options)
      const body = toWire(bodies.changeBody(customer.account.id, { field: 'mentions', value: named }, at))
      return post(office.write(customer.account, body, { customer, mid: commentId ?? mediaId }), options)
    },

    /** What a story brought, told once it is over. */
    storyInsights: (account: SimulatedAccount, options: Options = {}) =>
      postBody(
        account,
        bodies.changeBody(account.id, { field: 'story_insights', value: bodies.insights(newMediaId()) }, now()),
        options,
      ),

    /** A field nobody has told of yet. */
    unknownChange: (account: SimulatedAccount, options: Options = {}) =>
      postBody(
        account,
        bodies.changeBody(account.id, { field: 'dances', value: { dance_id: newMediaId(), steps: 12 } }, now()),
        options,
      ),
  }
}
