import type { RouteKind } from './route-kind.ts'

/** Which login an account was connected through. It decides the node messages are posted to: account id or Page id. */
export type Login = 'instagram' | 'facebook'

export type AccountOptions = {
  /** The professional account's id, what webhooks carry as `entry[].id`; the channel's `config.pageId`. */
  id?: string
  /** The Facebook Page linked to the account; messages go to this node under Facebook Login. */
  pageId?: string
  login?: Login
  username?: string
  name?: string
  appId?: string
  appSecret?: string
  accessToken?: string
  /** Where webhooks go; can be set later on the returned account. */
  webhookUrl?: string | null
  /** Whether Meta approved the app for answers after 24 hours by a person. */
  humanAgent?: boolean
}

export type SimulatedAccount = {
  readonly id: string
  readonly pageId: string
  /** What `/me` calls `id`: another number than the one webhooks carry. */
  readonly appScopedId: string
  readonly login: Login
  readonly username: string
  readonly name: string
  readonly appId: string
  readonly appSecret: string
  readonly accessToken: string
  readonly humanAgent: boolean
  webhookUrl: string | null
}

export type CustomerOptions = {
  id?: string
  username?: string
  name?: string | null
  /** The account this id is scoped to; default: the first one. */
  account?: SimulatedAccount
  /** `missing` answers 9010, as for Meta's review bot. */
  profile?: 'shown' | 'missing'
}

/** A person as one account sees them: the id is scoped to the two of them. */
export type SimulatedCustomer = {
  readonly id: string
  readonly username: string
  readonly name: string | null
  readonly account: SimulatedAccount
  readonly profile: 'shown' | 'missing'
}

export type MediaType = 'image' | 'video' | 'audio' | 'file'

/** Cards side by side, or a text, and below them what can be tapped. */
export type PhoneTemplate = Readonly<{
  type: 'generic' | 'button'
  titles: readonly string[]
  buttons: readonly string[]
}>

export type PhoneAttachment = Readonly<{
  type: string
  url: string | null
  /** What was behind the address of what the business sent; only where the simulator was told how to reach it. */
  fetched?: Readonly<{ contentType: string; bytes: number; sha256: string }>
}>

/** One bubble on a customer's phone, or a comment of theirs. A message delivered twice is there twice. */
export type PhoneMessage = {
  readonly mid: string
  readonly from: 'customer' | 'business'
  /** How the business wrote it: through the Graph API or by thumb in its Instagram app. */
  readonly via: 'graph-api' | 'instagram-app'
  readonly kind: 'message' | 'comment'
  text: string | null
  readonly attachments: readonly PhoneAttachment[]
  /** Titles of suggestions below the text. */
  readonly quickReplies?: readonly string[]
  readonly template?: PhoneTemplate | null
  /** The comment this message answers privately. */
  readonly privateReplyTo: string | null
  /** The message it quotes. */
  readonly replyTo?: string | null
  /** The story it answers. */
  readonly story?: Readonly<{ id: string; url: string }> | null
  /** Something that the API does not carry. */
  readonly isUnsupported?: boolean
  readonly at: Date
  unsent: boolean
}

/** What a business shows besides messages. */
export type SenderAction =
  | Readonly<{ type: 'typing'; on: boolean }>
  | Readonly<{ type: 'seen' }>
  /** Its one reaction to a bubble; null takes it back. */
  | Readonly<{ type: 'reaction'; mid: string; emoji: string | null }>

/** What a phone shows of the business besides its messages. */
export type PhoneSigns = Readonly<{
  typing: boolean
  /** The newest message of the customer's that was seen. */
  seen: string | null
  reactions: readonly Readonly<{ mid: string; emoji: string }>[]
}>

/** What a business does that is no bubble. */
export type Gesture =
  | SenderAction
  /** Below a comment, where everybody reads it; `mid` is the comment's id. */
  | Readonly<{ type: 'public-reply'; mid: string; text: string }>

export type DeliveryAttempt = Readonly<{
  url: string
  sentAt: Date
  /** Until the end of the answer, or until there was none. */
  tookMs: number
  /** Null when there was no answer. */
  status: number | null
  answer: string
  /** The header, when there was one. */
  retryAfter: string | null
  error: string | null
}>

/** A webhook as it went over the wire. */
export type Webhook = {
  readonly id: number
  readonly account: SimulatedAccount
  readonly customer: SimulatedCustomer | null
  /** The message's or the comment's id. */
  readonly mid: string | null
  /** The exact bytes that are signed and sent; pure ASCII in Meta's own form. */
  readonly body: Buffer
  readonly attempts: DeliveryAttempt[]
  /** The status of the last attempt; null while none was answered. */
  status: number | null
}

/** A call to the fake Graph API. */
export type GraphCall = Readonly<{
  method: string
  path: string
  /** Which sort of call it was, as faults tell them apart. */
  route: RouteKind
  accountId: string | null
  /** Null where it was left without an answer. */
  status: number | null
  at: Date
}>
