import type { SubscribeAnswer } from '../../ports/account-login.ts'
import type { GraphClient } from './graph-client.ts'
import type { GraphTarget } from './graph-target.ts'
import { bodyOf, isDelivered, notSubscribed, subscribed } from './login-answer.ts'

export type Subscription = GraphTarget & Readonly<{ fields: readonly string[]; appId: string }>

/** Asks for the account's events and reads back whether they will come: a success alone has been seen to mean nothing. */
export async function subscribe(
  graph: GraphClient,
  { flavour, node, token, fields, appId }: Subscription,
  signal: AbortSignal,
): Promise<SubscribeAnswer> {
  const path = `${node}/subscribed_apps`
  const query = new URLSearchParams({ subscribed_fields: fields.join(',') })
  const asked = bodyOf(
    await graph({ method: 'POST', flavour, path: `${path}?${query}`, token }, signal),
    'subscribing to the events of the account',
  )
  if ('status' in asked) return asked
  if (!subscribed(asked.body)) return notSubscribed('subscribing to the events of the account: the platform did not')
  const read = bodyOf(
    await graph({ method: 'GET', flavour, path, token }, signal),
    'reading back what the account is subscribed to',
  )
  if ('status' in read) return read
  return isDelivered(read.body, appId)
    ? { status: 'subscribed' }
    : notSubscribed('reading back what the account is subscribed to: this app is not among it')
}
