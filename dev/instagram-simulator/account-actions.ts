import type { Acting, Options } from './acting.ts'
import { dashboardSample, isOfConversation } from './dashboard-samples.ts'
import { newMediaId, newMessageId } from './ids.ts'
import type { PhoneMessage, SimulatedAccount, SimulatedCustomer, Webhook } from './types.ts'
import * as bodies from './webhook-bodies.ts'
import { toWire } from './wire.ts'

export type EchoOrigin = 'phone' | 'business-suite' | 'other-app' | 'ai'

/** What comes of the business itself, and of Meta. */
export function accountActions({ world, office, post, postItem, postBody, businessWrote, now }: Acting) {
  return {
    /**
     * Somebody or something answers the customer without the service: all it sees of that is an echo. By thumb in the Instagram
     * app, in Business Suite, by another app, or Meta's AI.
     */
    typedOnPhone: (
      customer: SimulatedCustomer,
      text: string,
      options: Options & Readonly<{ origin?: EchoOrigin }> = {},
    ) =>
      businessWrote(customer, { text }, options, (mid) =>
        bodies.echo(mid, { text, attachments: [] }, bodies.ORIGINS[options.origin ?? 'phone']),
      ),

    /** A template that another app sent. */
    templateEcho: (customer: SimulatedCustomer, title: string, options: Options = {}) =>
      businessWrote(customer, { attachments: [{ type: 'template', url: null }] }, options, (mid) =>
        bodies.templateEcho(mid, title),
      ),

    /** The echo of a message that is on the phone already. */
    echo: (customer: SimulatedCustomer, message: PhoneMessage, options: Options = {}) =>
      postItem(customer, 'business', message.at, message.mid, bodies.echo(message.mid, message), options),

    /** The account writes to itself, as developers do to try things out. */
    selfMessage(account: SimulatedAccount, text: string, options: Options & Readonly<{ postback?: boolean }> = {}) {
      const mid = options.mid ?? newMessageId(account.id)
      const payload = options.postback
        ? { is_self: true, ...bodies.postback(mid, text, 'SELF') }
        : { message: { mid, text, is_echo: true, is_self: true } }
      const item = bodies.item(account.id, account.appScopedId, options.at ?? now(), payload)
      return postBody(account, bodies.messagingBody(account.id, [item], now(), options.envelope), options, { mid })
    },

    /** What these webhooks say in one body, as Meta may put it for all accounts of an app. */
    together(webhooks: readonly Webhook[], options: Options = {}) {
      const [first] = webhooks
      if (!first) throw new Error('There is nothing to put together')
      const entry = webhooks.flatMap(({ body }) => (JSON.parse(body.toString()) as { entry: object[] }).entry)
      return postBody(first.account, { object: 'instagram', entry }, options)
    },

    /** The "Test" button; of the Page-linked product messages come as `messaging` instead. */
    dashboardTest(
      account: SimulatedAccount,
      field = 'messages',
      options: Options & Readonly<{ form?: 'changes' | 'messaging' }> = {},
    ) {
      const value = dashboardSample(field)
      const body =
        options.form === 'messaging' && isOfConversation(field)
          ? bodies.messagingBody('0', [value as bodies.Item], now())
          : bodies.changeBody('0', { field, value }, now())
      return postBody(account, body, options)
    },

    /** With "Include values" switched off only the names of fields come. */
    changedFields: (account: SimulatedAccount, fields: readonly string[] = ['messages'], options: Options = {}) =>
      postBody(account, bodies.entryBody(account.id, { changed_fields: fields }, now()), options),

    emptyEntry: (account: SimulatedAccount, options: Options = {}) =>
      postBody(account, bodies.entryBody(account.id, {}, now()), options),

    /** Of the Page the account is linked to: the same callback gets it. */
    pageObject: (account: SimulatedAccount, text: string, options: Options = {}) =>
      postBody(account, bodies.pageBody(account.pageId, newMediaId(), text, now()), options),

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
