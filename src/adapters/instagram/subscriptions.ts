import type { AccountSubscriptions, SubscribeAnswer, UnsubscribeAnswer } from '../../ports/account-subscriptions.ts'
import { createGraphClient, type InstagramConfig } from './graph-client.ts'
import { graphTarget } from './graph-target.ts'
import { bodyOf, isDelivered, type LoginConfig, notSubscribed, subscribed } from './login-answer.ts'
import { readOutcome } from './read-outcome.ts'

/** https://developers.facebook.com/docs/instagram-platform/webhooks */
const FIELDS = {
  instagram: [
    'messages',
    'message_reactions',
    'message_edit',
    'messaging_seen',
    'messaging_postbacks',
    'messaging_referral',
    'messaging_handover',
    'messaging_optins',
    'standby',
    'comments',
    'live_comments',
  ],
  // The Page's own names: those of Instagram's fields are refused here, and chosen for the app in Meta's dashboard.
  facebook: [
    'messages',
    'message_reactions',
    'messaging_postbacks',
    'messaging_referrals',
    'messaging_handovers',
    'standby',
  ],
} as const

/** `…/subscribed_apps` of the account's or the Page's own node: that of `me` has been seen refused. */
export function createSubscriptions(
  config: InstagramConfig & LoginConfig,
  fetch: typeof globalThis.fetch,
): AccountSubscriptions {
  const graph = createGraphClient(config, fetch)

  return {
    /** A success alone has been seen to mean nothing, so it is read back. */
    async add(account, signal): Promise<SubscribeAnswer> {
      const target = graphTarget(account)
      if (target === null) return notSubscribed('subscribing to the events of the account: there is no usable token')
      const { flavour, node, token } = target
      const app = flavour === 'facebook' ? config.metaApp : config.instagramApp
      const path = `${node}/subscribed_apps`
      const query = new URLSearchParams({ subscribed_fields: FIELDS[flavour].join(',') })
      const asked = bodyOf(
        await graph({ method: 'POST', flavour, path: `${path}?${query}`, token }, signal),
        'subscribing to the events of the account',
      )
      if ('status' in asked) return asked
      if (!subscribed(asked.body))
        return notSubscribed('subscribing to the events of the account: the platform did not')
      const read = bodyOf(
        await graph({ method: 'GET', flavour, path, token }, signal),
        'reading back what the account is subscribed to',
      )
      if ('status' in read) return read
      return isDelivered(read.body, app?.id ?? '')
        ? { status: 'subscribed' }
        : notSubscribed('reading back what the account is subscribed to: this app is not among it')
    },

    async remove(account, signal): Promise<UnsubscribeAnswer> {
      const target = graphTarget(account)
      if (target === null) return { status: 'refused', detail: 'there is no usable token' }
      const { flavour, node, token } = target
      const outcome = readOutcome(
        await graph({ method: 'DELETE', flavour, path: `${node}/subscribed_apps`, token }, signal),
      )
      if (outcome.status === 'retry') return outcome
      if (outcome.status !== 'found') return { status: 'refused', detail: outcome.detail }
      return subscribed(outcome.body)
        ? { status: 'unsubscribed' }
        : { status: 'retry', afterMs: null, detail: 'the platform did not' }
    },
  }
}
