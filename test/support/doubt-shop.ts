import type { Fault, InstagramSimulator, SimulatedAccount } from '../../dev/instagram-simulator/index.ts'
import type { Delivery, OutboundMessage } from '../../src/core/channel/delivery.ts'
import type { MessageId, TicketId } from '../../src/core/ids.ts'
import type { DoubtJob } from '../../src/core/message/check-doubt.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { MessageView } from '../../src/ports/views.ts'
import type { CoreOnDatabase, Inbox } from './core-on-database.ts'
import { all } from './inbox-state.ts'

/** What the platform makes of a call, and what it answers. Unless its name says "delivered", nothing of it happened. */
const ANSWERS = {
  accepted: null,
  refused: { kind: 'refusal', code: 100 },
  throttled: { kind: 'throttle', regainMinutes: 1 },
  'delivered, then 500': { kind: 'delivered-then-500' },
  'delivered, then 1/1357046': { kind: 'delivered-then-refusal', code: 1, subcode: 1357046 },
  'delivered, then 20/1772107': { kind: 'delivered-then-refusal', code: 20, subcode: 1772107 },
  'delivered, then no JSON': { kind: 'delivered-then-garbage' },
  'delivered, then reset': { kind: 'delivered-then-reset' },
  'delivered, then silence': { kind: 'delivered-then-timeout' },
  '500': { kind: 'server-error' },
  reset: { kind: 'reset' },
  silence: { kind: 'timeout' },
} as const satisfies Record<string, Fault | null>
export type PlatformAnswer = keyof typeof ANSWERS
export const PLATFORM_ANSWERS = Object.keys(ANSWERS) as readonly PlatformAnswer[]

/** When what was delivered comes back as a webhook. */
export const ECHOES = ['before the answer', 'after the answer', 'late', 'never'] as const
export type Echo = (typeof ECHOES)[number]

/** What one call meets; `flush`: what is late comes now, before the answer. */
export type CallPlan = Readonly<{ answer: PlatformAnswer; echo: Echo; flush: boolean }>
const NO_PLAN: CallPlan = { answer: 'accepted', echo: 'after the answer', flush: false }

/** A message of the account's on the platform: on somebody's phone, or under a comment. */
export type Copy = Readonly<{ id: string; text: string | null; place: string; at: Date; isTyped: boolean }>

export type Call = Readonly<{
  partId: string
  startedAt: Date
  endedAt: Date
  status: Delivery['status']
  externalId: string | null
  delivered: readonly string[]
}>

export type Shop = ReturnType<typeof createShop>

type Parts = Readonly<{
  desk: CoreOnDatabase
  simulator: InstagramSimulator
  clock: Clock
  inbox: Inbox
  account: SimulatedAccount
  /** Where its webhooks go. */
  url: string
}>

const signal = new AbortController().signal

/** An organization with an account, which Ann has written to and under whose post Bob has commented twice; and its calls. */
export function createShop({ desk, simulator, clock, inbox, account, url }: Parts) {
  const { orgId, actor } = inbox
  const [ann, bob] = [simulator.customer({ account }), simulator.customer({ account })]
  const calls: Call[] = []
  const copies = new Map<string, Copy>()
  /** What was delivered or typed and has not come back yet. */
  const untold: Copy[] = []
  const typedIds = new Set<string>()
  const told = new Set<string>()
  const waiting: { job: DoubtJob; attempt: number; dueAt: Date }[] = []
  let plans: CallPlan[] = []
  let turn: Promise<unknown> = Promise.resolve()
  let commentIds: string[] = []
  const tickets: Record<string, TicketId> = {}

  /** The account's messages that have appeared on the platform since the last look. */
  function look(): readonly Copy[] {
    const onPhones = [ann, bob].flatMap((who) =>
      simulator
        .received(who)
        .filter(({ kind }) => kind === 'message')
        .map(({ mid, text, at, via }) => ({ id: mid, text, at, place: who.id, isTyped: via === 'instagram-app' })),
    )
    const under = commentIds.flatMap((place) =>
      simulator.answersTo(place).map((one) => ({ ...one, place, isTyped: typedIds.has(one.id) })),
    )
    const fresh = [...onPhones, ...under].filter(({ id }) => !copies.has(id))
    for (const copy of fresh) copies.set(copy.id, copy)
    return fresh
  }

  async function tell({ id, text, place, at }: Copy): Promise<void> {
    told.add(id)
    const who = [ann, bob].find((one) => one.id === place)
    const bubble = who && simulator.received(who).find(({ mid }) => mid === id)
    if (who && bubble) await simulator.echo(who, bubble, { url })
    else await simulator.ownComment(account, text ?? '', { mid: id, parentId: place, mediaId: `${place}0`, at, url })
  }

  async function tellAll(): Promise<void> {
    for (const copy of untold.splice(0)) await tell(copy)
  }

  /** One call at a time for each account, so that what appears on the platform is this call's. */
  async function send(
    message: OutboundMessage,
    call: (answer: PlatformAnswer) => Promise<Delivery>,
  ): Promise<Delivery> {
    const before = turn
    const { promise, resolve } = Promise.withResolvers<void>()
    turn = promise
    await before
    try {
      const plan = plans.shift() ?? NO_PLAN
      const on = message.recipient.type === 'public' ? 'comments' : 'send'
      const fault = ANSWERS[plan.answer]
      if (fault) simulator.fault(fault, { on, account: account.id })
      const arrived = () => simulator.calls.filter(({ accountId, route }) => accountId === account.id && route === on)
      const count = arrived().length
      const startedAt = clock.now()
      const delivery = await call(plan.answer)
      await simulator.waitFor(() => arrived().length > count, 5_000, 'the call')
      const delivered = look()
      const externalId = delivery.status === 'accepted' ? delivery.externalId : null
      const ids = delivered.map(({ id }) => id)
      calls.push({
        partId: message.reference,
        startedAt,
        endedAt: clock.now(),
        status: delivery.status,
        externalId,
        delivered: ids,
      })
      if (plan.echo !== 'never') untold.push(...delivered)
      if (plan.flush) await tellAll()
      if (plan.echo === 'before the answer') for (const copy of delivered) await tell(copy)
      if (plan.echo === 'after the answer') after.push(...delivered)
      return delivery
    } finally {
      resolve()
    }
  }
  const after: Copy[] = []

  const ticketIds = async () => (await all((page) => desk.queries.tickets(orgId, {}, page))).map(({ id }) => id)

  const shop = {
    inbox,
    calls: calls as readonly Call[],
    copies: copies as ReadonlyMap<string, Copy>,
    isReadable: true,
    send,
    look,
    plan: (...more: readonly CallPlan[]) => plans.push(...more),
    noPlans: () => (plans = []),
    tellAll,
    /** What comes back right after its answer, and was not told before. */
    tellPrompt: async () => {
      for (const copy of after.splice(0)) {
        const index = untold.indexOf(copy)
        if (index >= 0) await tell(untold.splice(index, 1)[0] as Copy)
      }
    },
    /** Also what never came back, as the platform may deliver after all. */
    tellEverything: async () => {
      untold.splice(0)
      for (const copy of copies.values()) if (!told.has(copy.id)) await tell(copy)
    },
    /** Ann's message and Bob's comments, and the ticket of each. */
    async open() {
      await simulator.dm(ann, 'Hello', { url })
      for (let count = 0; count < 2; count++) {
        const { mid } = await simulator.comment(bob, 'How much?', { url, mediaId: `${account.id}1` })
        commentIds = [...commentIds, mid as string]
      }
      for (const { kind, id } of await all((page) => desk.queries.tickets(orgId, {}, page))) tickets[kind] = id
    },
    ticket: (kind: 'DM' | 'COMMENT'): TicketId => tickets[kind] as TicketId,
    /** By thumb, in the platform's own app. */
    async type(to: 'ann' | 'bob' | 'comment', text: string, isPrompt: boolean): Promise<void> {
      if (to === 'comment') {
        const place = commentIds.at(-1) as string
        const { mid } = await simulator.ownComment(account, text, {
          parentId: place,
          mediaId: `${place}0`,
          hold: true,
        })
        typedIds.add(mid as string)
      } else await simulator.typedOnPhone(to === 'ann' ? ann : bob, text, { hold: true })
      untold.push(...look())
      if (isPrompt) await tellAll()
    },
    async outbound(): Promise<readonly MessageView[]> {
      const lists = (await ticketIds()).map((id) =>
        all(async (page) => {
          const found = await desk.queries.messages(orgId, id, 'asc', page)
          if (!found) throw new Error('the ticket is gone')
          return found
        }),
      )
      return (await Promise.all(lists)).flat().filter(({ direction }) => direction === 'OUTBOUND')
    },
    /** Where on the platform this message is, or would be. */
    placeOf: ({ audience, replyToExternalId, ticketId }: MessageView): string =>
      audience === 'PUBLIC' ? String(replyToExternalId) : ticketId === tickets['DM'] ? ann.id : bob.id,
    check: (message: MessageView) =>
      desk.core.checkMessage(actor, { ticketId: message.ticketId, messageId: message.id }, signal),
    again: (message: Pick<MessageView, 'ticketId' | 'id'>): Promise<MessageId> =>
      desk.core.sendAgain(actor, { ticketId: message.ticketId, messageId: message.id, via: 'INBOX' }),
    waiting,
  }
  return shop
}
