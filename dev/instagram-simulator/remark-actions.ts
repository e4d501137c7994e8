import type { Acting, Options } from './acting.ts'
import { newMediaId } from './ids.ts'
import type { SimulatedAccount, SimulatedCustomer } from './types.ts'
import * as bodies from './webhook-bodies.ts'
import { toWire } from './wire.ts'

type Control = Options & Readonly<{ to?: string | null; from?: string | null }>

/** What is said of messages and conversations, in which nothing new is written. */
export function remarkActions({ post, office, postItem, postBody, did, bubble, timeOf, now }: Acting) {
  const revisions = new Map<string, number>()
  const control =
    (verb: 'pass_thread_control' | 'take_thread_control' | 'request_thread_control') =>
    (customer: SimulatedCustomer, options: Control = {}) =>
      did(customer, bodies.threadControl(verb, options.from ?? null, options.to ?? null), options)

  return {
    /** Of whichever side wrote it; `by` where the simulator does not know the message. */
    unsend(
      customer: SimulatedCustomer,
      mid: string,
      options: Options & Readonly<{ by?: 'customer' | 'business' }> = {},
    ) {
      const taken = bubble(customer, mid)
      if (taken) taken.unsent = true
      const from = taken?.from ?? options.by ?? 'customer'
      return postItem(customer, from, timeOf(customer, options), mid, bodies.unsend(mid, from === 'business'), options)
    },

    edit(
      customer: SimulatedCustomer,
      mid: string,
      text: string | null,
      options: Options & Readonly<{ revision?: number }> = {},
    ) {
      const edited = bubble(customer, mid)
      if (edited) edited.text = text
      const revision = options.revision ?? (revisions.get(mid) ?? 0) + 1
      revisions.set(mid, revision)
      return did(customer, bodies.edit(mid, text, revision), options, mid)
    },

    /** Meta announces new messages as edits of nothing, by nobody. */
    ghostEdit(account: SimulatedAccount, mid: string, options: Options = {}) {
      const body = bodies.messagingBody(account.id, [bodies.ghostEdit(mid, options.at ?? now())], now())
      return postBody(account, body, options, { mid })
    },

    /** Custom emoji come as `other`. */
    react: (
      customer: SimulatedCustomer,
      mid: string,
      options: Options & Readonly<{ emoji?: string; reaction?: string }> = {},
    ) => did(customer, bodies.reaction(mid, options.emoji ?? '❤️', options.reaction), options, mid),

    /** `verb`: in the older words for it. */
    unreact: (customer: SimulatedCustomer, mid: string, options: Options & Readonly<{ verb?: boolean }> = {}) =>
      did(customer, bodies.unreact(mid, options.verb ?? false), options, mid),

    /** The newest message the customer has seen. */
    read: (customer: SimulatedCustomer, mid: string, options: Options = {}) =>
      did(customer, { read: { mid } }, options, mid),

    optin: (customer: SimulatedCustomer, options: Options & Readonly<{ payload?: string; title?: string }> = {}) =>
      did(customer, bodies.optin(options.payload ?? 'NEWS', options.title ?? 'News', newMediaId()), options),

    /** An ig.me link followed in a conversation that exists. */
    referral: (customer: SimulatedCustomer, options: Options & Readonly<{ referral?: bodies.Referral }> = {}) =>
      did(customer, { referral: bodies.referral(options.referral ?? { ref: 'spring' }) }, options),

    passThread: control('pass_thread_control'),
    takeThread: control('take_thread_control'),
    requestThread: control('request_thread_control'),

    policyEnforcement(account: SimulatedAccount, options: Options = {}) {
      const item = { recipient: { id: account.id }, timestamp: now().getTime(), ...bodies.POLICY }
      return postBody(account, bodies.messagingBody(account.id, [item], now()), options)
    },

    /** A payload key nobody has told of yet. */
    unknownEvent: (customer: SimulatedCustomer, options: Options = {}) =>
      did(customer, { shared_dance: { steps: 12 } }, options),

    /** Webhooks that were held back, in one delivery: items of one account and envelope together, all others apart. */
    batch(webhooks: readonly { account: SimulatedAccount; body: Buffer }[], options: Options = {}) {
      const [first] = webhooks
      if (!first) throw new Error('A delivery needs something in it')
      const account = first.account
      const body = bodies.together(webhooks.map((webhook) => JSON.parse(webhook.body.toString()) as bodies.Body))
      return post(office.write(account, toWire(body)), options)
    },
  }
}
