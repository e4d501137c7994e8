import type { ChannelAccount } from '../core/channel/delivery.ts'
import type { PutOff } from './channel-adapter.ts'

export type SubscribeAnswer = Readonly<{ status: 'subscribed' }> | Readonly<{ status: 'failed'; detail: string }>

export type UnsubscribeAnswer =
  | Readonly<{ status: 'unsubscribed' }>
  | PutOff
  /** Never: the token is dead, or may not. */
  | Readonly<{ status: 'refused'; detail: string }>

/** With which credentials, for which account. */
export type SubscribedAccount = Pick<ChannelAccount, 'account' | 'settings' | 'secrets'>

/** Whether the platform delivers an account's events to the installation's app. Both resolve for every answer and for none. */
export interface AccountSubscriptions {
  /** Asks for the account's events, and reads back whether they will come. Doing it twice is doing it once. */
  add(account: SubscribedAccount, signal: AbortSignal): Promise<SubscribeAnswer>
  /** No event of the account is to come any more. Doing it twice is doing it once. */
  remove(account: SubscribedAccount, signal: AbortSignal): Promise<UnsubscribeAnswer>
}
