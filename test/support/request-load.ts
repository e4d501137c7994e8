import { Agent, type ClientRequest, request } from 'node:http'

/**
 * How one request ended. `refused` never got a connection, `unseen` got one from the kernel that was reset without a word, as
 * it does with those it still holds when the program closes its door (when that was tells it from a program that gave up);
 * `failed` is anything else but a complete answer.
 */
export type Outcome = Readonly<
  { kind: 'answered'; status: number } | { kind: 'refused' | 'unseen'; atMs: number } | { kind: 'failed'; why: string }
>
export type Call = Readonly<{
  method: string
  url: string
  headers?: Record<string, string>
  body?: Buffer | string
  onEnd?: (outcome: Outcome) => void
}>

/** The server closed the connection while it was idle, and the request was on its way to it, as far as one can tell from here. */
export const wasClosedIdle = (sent: ClientRequest, { code }: NodeJS.ErrnoException): boolean =>
  sent.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')

/**
 * One call over the agent. A connection that the server closed while it was idle is no failure: every client asks again on a
 * new one then, and so does this.
 */
export function ask(agent: Agent, call: Call): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const sent = request(call.url, { agent, method: call.method, headers: call.headers ?? {} }, (response) => {
    response.resume()
    response.on('end', () => resolve({ kind: 'answered', status: response.statusCode ?? 0 }))
    response.on('error', (error) => resolve({ kind: 'failed', why: `in the answer: ${error.message}` }))
  })
  sent.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED') resolve({ kind: 'refused', atMs: performance.now() })
    else if (wasClosedIdle(sent, error)) resolve(ask(agent, call))
    else if (error.code === 'ECONNRESET' && !sent.socket?.bytesRead)
      resolve({ kind: 'unseen', atMs: performance.now() })
    else
      resolve({ kind: 'failed', why: `${call.method} ${new URL(call.url).pathname}: ${error.code ?? error.message}` })
  })
  sent.end(call.body)
  return promise
}

export type Calls = Readonly<{
  outcomes: readonly Outcome[]
  /** The longest of the last ten; infinite before there were ten. */
  slowestMs(): number
  /** Whoever has no answer by then has failed. */
  stop(withinMs?: number): Promise<void>
}>

/** Calls at a steady pace, until stopped; each over a connection of its own, or over ones that are kept. */
export function startCalls(
  next: () => Call,
  perSecond: number,
  { keepAlive }: Readonly<{ keepAlive: boolean }>,
): Calls {
  const agent = new Agent({ keepAlive, maxSockets: 200 })
  const outcomes: Outcome[] = []
  const lastMs: number[] = []
  const underWay = new Set<Promise<void>>()
  const timer = setInterval(() => {
    const call = next()
    const startedAt = performance.now()
    const ended: Promise<void> = ask(agent, call).then((outcome) => {
      outcomes.push(outcome)
      lastMs.push(performance.now() - startedAt)
      call.onEnd?.(outcome)
      underWay.delete(ended)
    })
    underWay.add(ended)
  }, 1_000 / perSecond)
  return {
    outcomes,
    slowestMs: () => (lastMs.length < 10 ? Number.POSITIVE_INFINITY : Math.max(...lastMs.slice(-10))),
    async stop(withinMs = 30_000) {
      clearInterval(timer)
      const late = setTimeout(() => agent.destroy(), withinMs)
      await Promise.all(underWay)
      clearTimeout(late)
      agent.destroy()
    },
  }
}
