import { isRouteKind, ROUTE_KINDS, type RouteKind } from './route-kind.ts'

export type Refusal = Readonly<{ code: number; subcode?: number; message?: string; httpStatus?: number }>
type Broken = Readonly<{ httpStatus?: number; body?: string }>

/** What goes wrong with a call. Unless its name says "delivered", nothing of it happened. */
export type AnswerFault =
  | (Readonly<{ kind: 'refusal' }> & Refusal)
  | Readonly<{ kind: RefusalName }>
  | Readonly<{
      kind: 'throttle'
      /** 613 by default; 4 for the whole app, 80002 or 80006 for the business use case. */
      code?: number
      httpStatus?: number
      retryAfterSeconds?: number
      /** As Meta tells it in `X-Business-Use-Case-Usage`. */
      regainMinutes?: number
    }>
  /** With Meta's HTML page; `body: ''` for an empty one. */
  | (Readonly<{ kind: 'server-error' }> & Broken)
  | Readonly<{ kind: 'timeout' }>
  | Readonly<{ kind: 'reset' }>
  | (Readonly<{ kind: 'delivered-then-500' }> & Broken)
  /** As 1/1357046 for a message, 20/1772107 for a comment: it is there, and yet an error comes back. */
  | (Readonly<{ kind: 'delivered-then-refusal' }> & Refusal)
  /** 200, and a body that is no JSON. */
  | Readonly<{ kind: 'delivered-then-garbage'; body?: string }>
  /** The answer never comes; the connection stays open until the caller gives up. */
  | Readonly<{ kind: 'delivered-then-timeout' }>
  | Readonly<{ kind: 'delivered-then-reset' }>
  /** 200, half of the body, and then the connection is cut. */
  | Readonly<{ kind: 'delivered-then-cut' }>

/** How long a call takes; goes with a fault of any other sort. */
export type PaceFault =
  | Readonly<{ kind: 'latency'; delayMs: number }>
  /** It happens at once; the answer comes byte by byte, so long apart. */
  | Readonly<{ kind: 'slow-body'; delayMs: number }>

/** A call that succeeds and tells in its headers how much of the budget is used, 100 and more being all of it. */
export type UsageFault = Readonly<{ kind: 'usage'; percent: number; regainMinutes?: number }>

/** What happens to the echo of a message that was delivered. */
export type EchoFault =
  /** Posted and answered, then `pauseMs` (100) for the receiver to work on it, and only then the call is answered. */
  | Readonly<{ kind: 'echo-before-answer'; pauseMs?: number }>
  | Readonly<{ kind: 'echo-withheld' }>
  | Readonly<{ kind: 'echo-delayed'; delayMs: number }>
  | Readonly<{ kind: 'echo-doubled' }>

/** What happens to a webhook on its way; `on: 'webhook'` is understood. */
export type WebhookFault =
  | Readonly<{ kind: 'webhook-lost' }>
  | Readonly<{ kind: 'webhook-doubled' }>
  | Readonly<{ kind: 'webhook-delayed'; delayMs: number }>
  /** It waits for the account's next one, and comes right after it. */
  | Readonly<{ kind: 'webhook-reordered' }>
  /** It waits for the account's next one, and comes in one body with it, before it. */
  | Readonly<{ kind: 'webhook-batched' }>

export type Fault = AnswerFault | PaceFault | UsageFault | EchoFault | WebhookFault

export type FaultScope = Readonly<{
  /** `send` by default. */
  on?: RouteKind
  /** An account's id; default: all. */
  account?: string
  /** How many calls it hits, one by default. */
  times?: number | 'always'
}>

/** Refusals that have a name. */
const NAMED = {
  'invalid-token': { code: 190, subcode: 463 },
  'window-closed': { code: 10, subcode: 2534022 },
  'not-thread-owner': { code: 10, message: '(#10) Another app is controlling this thread now.' },
  'person-unavailable': { code: 551, subcode: 1545041 },
  'access-disabled': { code: 200, subcode: 2534041 },
  'media-not-fetched': { code: 100, subcode: 2018008 },
  gone: { code: 100, subcode: 33 },
} as const satisfies Record<string, Refusal>
export type RefusalName = keyof typeof NAMED

type Sort = 'answer' | 'pace' | 'usage' | 'echo' | 'webhook'
type OfSort = { answer: AnswerFault; pace: PaceFault; usage: UsageFault; echo: EchoFault; webhook: WebhookFault }

const SORTS: Record<Fault['kind'], Sort> = {
  refusal: 'answer',
  'invalid-token': 'answer',
  'window-closed': 'answer',
  'not-thread-owner': 'answer',
  'person-unavailable': 'answer',
  'access-disabled': 'answer',
  'media-not-fetched': 'answer',
  gone: 'answer',
  throttle: 'answer',
  'server-error': 'answer',
  timeout: 'answer',
  reset: 'answer',
  'delivered-then-500': 'answer',
  'delivered-then-refusal': 'answer',
  'delivered-then-garbage': 'answer',
  'delivered-then-timeout': 'answer',
  'delivered-then-reset': 'answer',
  'delivered-then-cut': 'answer',
  latency: 'pace',
  'slow-body': 'pace',
  usage: 'usage',
  'echo-before-answer': 'echo',
  'echo-withheld': 'echo',
  'echo-delayed': 'echo',
  'echo-doubled': 'echo',
  'webhook-lost': 'webhook',
  'webhook-doubled': 'webhook',
  'webhook-delayed': 'webhook',
  'webhook-reordered': 'webhook',
  'webhook-batched': 'webhook',
}
export const FAULT_KINDS = Object.keys(SORTS) as readonly Fault['kind'][]

/** The refusal a fault stands for, null for one of another kind. */
export function refusalOf(fault: AnswerFault): Refusal | null {
  if (fault.kind === 'refusal') return fault
  return fault.kind in NAMED ? NAMED[fault.kind as RefusalName] : null
}

/** What each kind cannot do without. */
const NEEDED: Readonly<Record<string, string>> = {
  refusal: 'code',
  'delivered-then-refusal': 'code',
  latency: 'delayMs',
  'slow-body': 'delayMs',
  'echo-delayed': 'delayMs',
  'webhook-delayed': 'delayMs',
  usage: 'percent',
}

export type Faults = ReturnType<typeof createFaults>
type Waiting = { readonly fault: Fault; readonly on: RouteKind; readonly account: string | null; left: number }

/** Faults wait in order. One call takes at most one of each sort, so `delivered-then-500` goes with `echo-withheld`. */
export function createFaults() {
  let waiting: Waiting[] = []

  /** The first that waits for such a call of this account; null means that all goes well. An unknown account is `null`. */
  function take<S extends Sort>(sort: S, on: RouteKind, account: string | null): OfSort[S] | null {
    for (const entry of waiting) {
      const fits = entry.on === on && (entry.account === null || entry.account === account)
      if (!fits || SORTS[entry.fault.kind] !== sort) continue
      entry.left -= 1
      waiting = waiting.filter(({ left }) => left > 0)
      return entry.fault as OfSort[S]
    }
    return null
  }

  return {
    add(fault: Fault, { on, account, times = 1 }: FaultScope = {}): void {
      const sort = SORTS[fault.kind]
      if (sort === undefined) throw new Error(`No fault "${fault.kind}"; there are ${FAULT_KINDS.join(', ')}`)
      if (on !== undefined && !isRouteKind(on))
        throw new Error(`No call is a "${on}"; there are ${ROUTE_KINDS.join(', ')}`)
      const needed = NEEDED[fault.kind]
      if (needed && !Number.isInteger((fault as Record<string, unknown>)[needed]))
        throw new Error(`${fault.kind} needs ${needed}, a whole number`)
      const usual = sort === 'webhook' ? 'webhook' : 'send'
      if ((sort === 'webhook') !== ((on ?? usual) === 'webhook') || (sort === 'echo' && (on ?? usual) !== 'send'))
        throw new Error(`${fault.kind} cannot happen to a ${on}`)
      const left = times === 'always' ? Number.POSITIVE_INFINITY : times
      waiting.push({ fault, on: on ?? usual, account: account ?? null, left })
    },
    clear(): void {
      waiting = []
    },
    take,
    left: (): number => waiting.length,
    list: (): readonly object[] =>
      waiting.map(({ fault, left, ...scope }) => ({
        ...fault,
        ...scope,
        times: Number.isFinite(left) ? left : 'always',
      })),
  }
}
