/** What goes wrong with a call. Unless its name says "delivered", nothing reached the customer. */
export type AnswerFault =
  | Readonly<{ kind: 'refusal'; code: number; subcode?: number; message?: string; httpStatus?: number }>
  | Readonly<{
      kind: 'throttle'
      /** 613 by default; 4 for the whole app, 80002 or 80006 for the business use case. */
      code?: number
      httpStatus?: number
      retryAfterSeconds?: number
      /** As Meta tells it in `X-Business-Use-Case-Usage`. */
      regainMinutes?: number
    }>
  | Readonly<{ kind: 'server-error'; httpStatus?: number; body?: string }>
  | Readonly<{ kind: 'timeout' }>
  | Readonly<{ kind: 'delivered-then-500'; httpStatus?: number; body?: string }>
  /** The answer never comes; the connection stays open until the caller gives up. */
  | Readonly<{ kind: 'delivered-then-timeout' }>
  | Readonly<{ kind: 'delivered-then-reset' }>

/** What happens to the echo of a message that was delivered. */
export type EchoFault =
  /** Posted and answered, then `pauseMs` (100) for the receiver to work on it, and only then the call is answered. */
  | Readonly<{ kind: 'echo-before-answer'; pauseMs?: number }>
  | Readonly<{ kind: 'echo-withheld' }>
  | Readonly<{ kind: 'echo-delayed'; delayMs: number }>

export type Fault = AnswerFault | EchoFault

export type FaultScope = Readonly<{
  on?: 'send' | 'profile'
  /** An account's id; default: all. */
  account?: string
  /** How many calls it hits, one by default. */
  times?: number | 'always'
}>

type Kind<T extends Fault> = T['kind']
const ECHO: Record<Kind<EchoFault>, true> = { 'echo-before-answer': true, 'echo-withheld': true, 'echo-delayed': true }
const ANSWER: Record<Kind<AnswerFault>, true> = {
  refusal: true,
  throttle: true,
  'server-error': true,
  timeout: true,
  'delivered-then-500': true,
  'delivered-then-timeout': true,
  'delivered-then-reset': true,
}
export const FAULT_KINDS: readonly string[] = [...Object.keys(ANSWER), ...Object.keys(ECHO)]

const isEcho = (fault: Fault): fault is EchoFault => fault.kind in ECHO

export type Faults = ReturnType<typeof createFaults>

/** Faults wait in order. One call takes at most one of each sort, so `delivered-then-500` goes with `echo-withheld`. */
export function createFaults() {
  let waiting: { fault: Fault; on: 'send' | 'profile'; account: string | null; left: number }[] = []

  function take<T extends Fault>(
    on: 'send' | 'profile',
    account: string,
    sort: (fault: Fault) => fault is T,
  ): T | null {
    for (const entry of waiting) {
      const { fault } = entry
      if (entry.on !== on || (entry.account !== null && entry.account !== account) || !sort(fault)) continue
      entry.left -= 1
      waiting = waiting.filter(({ left }) => left > 0)
      return fault
    }
    return null
  }

  return {
    add(fault: Fault, { on = 'send', account, times = 1 }: FaultScope = {}): void {
      if (!FAULT_KINDS.includes(fault.kind))
        throw new Error(`No fault "${fault.kind}"; there are ${FAULT_KINDS.join(', ')}`)
      if (fault.kind === 'refusal' && !Number.isInteger(fault.code)) throw new Error('A refusal needs a code')
      waiting.push({ fault, on, account: account ?? null, left: times === 'always' ? Number.POSITIVE_INFINITY : times })
    },
    clear(): void {
      waiting = []
    },
    takeAnswer: (on: 'send' | 'profile', account: string): AnswerFault | null =>
      take(on, account, (fault): fault is AnswerFault => !isEcho(fault)),
    takeEcho: (account: string): EchoFault | null => take('send', account, isEcho),
    left: (): number => waiting.length,
  }
}
