import { newMediaId, newMessageId } from './ids.ts'
import type { Addressing, PostOffice } from './post-office.ts'
import type { PhoneMessage, SimulatedAccount, SimulatedCustomer, Webhook } from './types.ts'
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
    /** Of what belongs to a conversation. `standby`: another app has the thread; `changes`: as the dashboard's samples. */
    envelope?: bodies.Envelope
  }>

export type Content = Pick<PhoneMessage, 'text' | 'attachments' | 'replyTo' | 'story' | 'isUnsupported'>

export type Acting = ReturnType<typeof createActing>

/** What all the actions are made of. */
export function createActing(world: World, office: PostOffice) {
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
    const body = bodies.messagingBody(
      account.id,
      [bodies.item(sender, recipient, at, payload)],
      sentAt,
      options.envelope,
    )
    return post(office.write(account, toWire(body), { customer, mid }), options)
  }

  const timeOf = (customer: SimulatedCustomer, options: Options): Date => options.at ?? world.nextEventAt(customer.id)

  return {
    world,
    office,
    post,
    postItem,
    timeOf,

    /** A message of the customer's: on their phone, opening the window, and as a webhook. */
    wrote(
      customer: SimulatedCustomer,
      content: Partial<Content>,
      options: Options,
      payload: (mid: string) => bodies.Payload,
    ): Promise<Webhook> {
      const mid = options.mid ?? newMessageId(customer.account.id)
      const at = timeOf(customer, options)
      world.show(customer, { mid, from: 'customer', at, ...content })
      world.wrote(customer, at)
      return postItem(customer, 'customer', at, mid, payload(mid), options)
    },

    /** What a person does without writing: nothing on a phone, and no window. */
    did(customer: SimulatedCustomer, payload: bodies.Payload, options: Options, mid?: string): Promise<Webhook> {
      const about = mid ?? options.mid ?? newMessageId(customer.account.id)
      return postItem(customer, 'customer', timeOf(customer, options), about, payload, options)
    },

    /** Something of the business's that the service did not send: on the phone, and as an echo. */
    businessWrote(
      customer: SimulatedCustomer,
      content: Partial<Content>,
      options: Options,
      payload: (mid: string) => bodies.Payload,
    ): Promise<Webhook> {
      const mid = options.mid ?? newMessageId(customer.account.id)
      const at = timeOf(customer, options)
      world.show(customer, { mid, from: 'business', via: 'instagram-app', at, ...content })
      return postItem(customer, 'business', at, mid, payload(mid), options)
    },

    /** Any body of an account's. */
    postBody: (account: SimulatedAccount, body: object, options: Options, about: { mid?: string } = {}) =>
      post(office.write(account, toWire(body), about), options),

    bubble: (customer: SimulatedCustomer, mid: string): PhoneMessage | undefined =>
      world.phone(customer).find((one) => one.mid === mid),

    now: (): Date => world.now(),
  }
}

export const cdn = (): string =>
  `https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=${newMediaId()}&signature=simulated`

export const payloadOf = (title: string): string => title.toUpperCase().replace(/[^\p{L}\p{N}]+/gu, '_')
