import { customerIdOf, newAccessToken, newAccountId, newAppId, newAppSecret, newCustomerId, newPageId } from './ids.ts'
import { createTokens } from './tokens.ts'
import type {
  AccountOptions,
  CustomerOptions,
  Gesture,
  PhoneMessage,
  PhoneSigns,
  SenderAction,
  SimulatedAccount,
  SimulatedCustomer,
} from './types.ts'

export type SimulatedComment = {
  readonly id: string
  readonly customer: SimulatedCustomer
  readonly at: Date
  privateReplyMid: string | null
  readonly mediaId: string
  /** The album, where the picture is one of it; else the same. */
  readonly postId: string
  /** Of a reply, the top-level comment. */
  readonly parentId: string | null
  readonly isLive: boolean
  hidden: boolean
  deleted: boolean
  /** The account's own, in public. */
  readonly replies: Readonly<{ id: string; text: string; at: Date }>[]
}

export type SimulatedMedia = Readonly<{ id: string; account: SimulatedAccount; caption: string; deleted: boolean }>

/** By the comment's id, or the post's where its caption names the account. */
export type SimulatedMention = Readonly<{ customer: SimulatedCustomer; text: string; mediaId: string }>

/** Everything the platform knows: accounts, people, tokens, comments, and what each phone shows. */
export type World = ReturnType<typeof createWorld>

export function createWorld(now: () => Date, changed: () => void) {
  const accounts = new Map<string, SimulatedAccount>()
  const customers = new Map<string, SimulatedCustomer>()
  const comments = new Map<string, SimulatedComment>()
  const media = new Map<string, SimulatedMedia>()
  const mentions = new Map<string, SimulatedMention>()
  const phones = new Map<string, PhoneMessage[]>()
  const shownSigns = new Map<string, PhoneSigns>()
  const lastWroteAt = new Map<string, Date>()
  const lastEventAt = new Map<string, number>()
  const listeners: ((who: SimulatedCustomer, message: PhoneMessage) => void)[] = []
  const gestureListeners: ((who: SimulatedCustomer, gesture: Gesture, about: PhoneMessage | null) => void)[] = []
  /** Of which fields the app is told, by the account's id. */
  const subscriptions = new Map<string, readonly string[]>()
  const tokens = createTokens(now)

  /** Registers an account, or changes the one with this id where something is given. */
  function account(options: AccountOptions = {}): SimulatedAccount {
    const known = options.id === undefined ? undefined : accounts.get(options.id)
    if (known) {
      if (options.webhookUrl !== undefined) known.webhookUrl = options.webhookUrl
      return known
    }
    const login = options.login ?? 'instagram'
    const made: SimulatedAccount = {
      id: options.id ?? newAccountId(),
      pageId: options.pageId ?? newPageId(),
      appScopedId: newPageId(),
      login,
      username: options.username ?? 'simulated.shop',
      name: options.name ?? 'Simulated Shop',
      appId: options.appId ?? newAppId(),
      appSecret: options.appSecret ?? newAppSecret(),
      accessToken: options.accessToken ?? newAccessToken(login),
      humanAgent: options.humanAgent ?? false,
      webhookUrl: options.webhookUrl ?? null,
    }
    accounts.set(made.id, made)
    tokens.grant(made, made.accessToken)
    changed()
    return made
  }

  function theAccount(id?: string): SimulatedAccount {
    const found = id === undefined ? accounts.values().next().value : accounts.get(id)
    if (!found) throw new Error(id === undefined ? 'The simulator has no account yet' : `There is no account ${id}`)
    return found
  }

  function customer(options: CustomerOptions = {}): SimulatedCustomer {
    const id = options.id ?? newCustomerId()
    const made: SimulatedCustomer = {
      id,
      username: options.username ?? `person.${id.slice(-6)}`,
      name: options.name === undefined ? `Person ${id.slice(-6)}` : options.name,
      account: options.account ?? theAccount(),
      profile: options.profile ?? 'shown',
    }
    customers.set(made.id, made)
    phones.set(made.id, phones.get(made.id) ?? [])
    changed()
    return made
  }

  /** By id or by username; who is not known yet is made, with an id that depends on account and username only. */
  function person(who: string, at: SimulatedAccount, name?: string): SimulatedCustomer {
    const known =
      customers.get(who) ??
      [...customers.values()].find((one) => one.account === at && one.username.toLowerCase() === who.toLowerCase())
    if (known) return known
    const named = name === undefined ? {} : { name }
    if (/^\d{6,}$/.test(who)) return customer({ id: who, account: at, ...named })
    return customer({ id: customerIdOf(at.id, who), username: who, account: at, name: name ?? nameOf(who) })
  }

  /** By id or username; throws where there is nobody. */
  function known(who: string): SimulatedCustomer {
    const name = who.toLowerCase()
    const found = customers.get(name) ?? [...customers.values()].find((one) => one.username.toLowerCase() === name)
    if (!found) throw new Error(`There is no customer ${who}`)
    return found
  }

  const phone = (who: SimulatedCustomer): readonly PhoneMessage[] => phones.get(who.id) ?? []

  const signs = (of: SimulatedCustomer): PhoneSigns => shownSigns.get(of.id) ?? NO_SIGNS

  function sign(on: SimulatedCustomer, action: SenderAction): void {
    const before = signs(on)
    const after = signsAfter(before, action, phone(on))
    shownSigns.set(on.id, after)
    tellGesture(on, action, action.type === 'seen' ? after.seen : action.type === 'reaction' ? action.mid : null)
    changed()
  }

  /** The account below a comment, in public; once for each id. */
  function answer(comment: SimulatedComment, reply: SimulatedComment['replies'][number]): void {
    if (comment.replies.some(({ id }) => id === reply.id)) return
    comment.replies.push(reply)
    tellGesture(comment.customer, { type: 'public-reply', mid: comment.id, text: reply.text }, comment.id)
    changed()
  }

  function tellGesture(who: SimulatedCustomer, gesture: Gesture, mid: string | null): void {
    const about = phone(who).find((message) => message.mid === mid) ?? null
    for (const tell of gestureListeners) tell(who, gesture, about)
  }

  /** Whose phone shows this message. */
  function ownerOf(mid: string): SimulatedCustomer | undefined {
    const [id] = [...phones].find(([, messages]) => messages.some((one) => one.mid === mid)) ?? []
    return id === undefined ? undefined : customers.get(id)
  }

  function show(
    on: SimulatedCustomer,
    message: Partial<PhoneMessage> & Pick<PhoneMessage, 'mid' | 'from' | 'at'>,
  ): void {
    const shown: PhoneMessage = {
      via: 'graph-api',
      kind: 'message',
      text: null,
      attachments: [],
      privateReplyTo: null,
      unsent: false,
      ...message,
    }
    phones.get(on.id)?.push(shown)
    // An answer ends the waiting for it.
    if (shown.from === 'business') shownSigns.set(on.id, { ...signs(on), typing: false })
    for (const tell of listeners) tell(on, shown)
    changed()
  }

  /** Times of one person's events strictly grow, as far as the caller leaves them to us. */
  function nextEventAt(who: string): Date {
    const at = Math.max(now().getTime(), (lastEventAt.get(who) ?? 0) + 1)
    lastEventAt.set(who, at)
    return new Date(at)
  }

  /** A message from the customer opens the reply window, from the newest one on. */
  function wrote(who: SimulatedCustomer, at: Date): void {
    const before = lastWroteAt.get(who.id)
    if (!before || before < at) lastWroteAt.set(who.id, at)
  }

  return {
    now,
    changed,
    accounts,
    customers,
    comments,
    media,
    mentions,
    tokens,
    subscriptions,
    listeners,
    gestureListeners,
    lastWroteAt,
    account,
    theAccount,
    customer,
    person,
    phone,
    signs,
    sign,
    answer,
    known,
    ownerOf,
    show,
    nextEventAt,
    wrote,
  }
}

const NO_SIGNS: PhoneSigns = { typing: false, seen: null, reactions: [] }

function signsAfter(before: PhoneSigns, action: SenderAction, messages: readonly PhoneMessage[]): PhoneSigns {
  if (action.type === 'typing') return { ...before, typing: action.on }
  if (action.type === 'seen')
    return {
      ...before,
      seen: messages.findLast(({ from, kind }) => from === 'customer' && kind === 'message')?.mid ?? null,
    }
  const { mid, emoji } = action
  const others = before.reactions.filter((one) => one.mid !== mid)
  return { ...before, reactions: emoji === null ? others : [...others, { mid, emoji }] }
}

/** `mia.torres` -> `Mia Torres` */
const nameOf = (username: string): string =>
  username
    .split(/[._]+/)
    .filter((word) => word !== '')
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join(' ')
