import { Agent, type ClientRequest, type RequestOptions, request } from 'node:http'

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

/**
 * Tells of an error whether the request got no byte of an answer, and whether its connection had carried others before.
 * `reusedSocket` would not do: it is false for a request that waited for a connection and took over another's.
 */
export function watchConnection(sent: ClientRequest) {
  let before = 0
  sent.once('socket', ({ bytesRead }) => {
    before = bytesRead
  })
  const isUnanswered = ({ code }: NodeJS.ErrnoException) =>
    (code === 'ECONNRESET' || code === 'EPIPE') && (sent.socket?.bytesRead ?? 0) === before
  return {
    /** The server closed the connection while it was idle, and the request was on its way to it, as far as one can tell from here. */
    wasClosedIdle: (error: NodeJS.ErrnoException) => isUnanswered(error) && before > 0,
    /** Nobody ever said a word on it. */
    wasResetUnseen: (error: NodeJS.ErrnoException) => isUnanswered(error) && before === 0,
  }
}

/**
 * One call over the agent. A connection that the server closed while it was idle is no failure: every client asks again on a
 * new one then, and so does this, once: nobody can have closed that before.
 */
export function ask(call: Call, over: Pick<RequestOptions, 'agent' | 'signal'>): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const { method, url, headers = {}, body } = call
  const sent = request(url, { ...over, method, headers }, (response) => {
    response.resume()
    response.on('end', () => resolve({ kind: 'answered', status: response.statusCode ?? 0 }))
    response.on('error', (error) => resolve({ kind: 'failed', why: `in the answer: ${error.message}` }))
  })
  const connection = watchConnection(sent)
  sent.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED') resolve({ kind: 'refused', atMs: performance.now() })
    else if (connection.wasClosedIdle(error)) resolve(ask(call, { ...over, agent: false }))
    else if (connection.wasResetUnseen(error)) resolve({ kind: 'unseen', atMs: performance.now() })
    else resolve({ kind: 'failed', why: `${method} ${new URL(url).pathname}: ${error.code ?? error.message}` })
  })
  sent.end(body)
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
  // With a limit, those that wait take over the connections of others, kept or not.
  const agent = new Agent({ keepAlive, maxSockets: keepAlive ? 200 : Number.POSITIVE_INFINITY })
  const patience = new AbortController()
  const outcomes: Outcome[] = []
  const lastMs: number[] = []
  const underWay = new Set<Promise<void>>()
  const timer = setInterval(() => {
    const call = next()
    const startedAt = performance.now()
    const ended: Promise<void> = ask(call, { agent, signal: patience.signal }).then((outcome) => {
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
      const late = setTimeout(() => patience.abort(), withinMs)
      await Promise.all(underWay)
      clearTimeout(late)
      agent.destroy()
    },
  }
}
