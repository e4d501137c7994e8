import { createServer, type RequestListener, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export class AddressInUse extends Error {
  constructor(port: number, variable: string) {
    super(`Port ${port} is taken. Stop what listens there, or set ${variable} to another one.`)
    this.name = 'AddressInUse'
  }
}

/** How long open requests have to end by themselves. */
const DRAIN_MS = 10_000

/** How long it waits for clients, in ms. */
export type Patience = Readonly<{ headersTimeout: number; requestTimeout: number; connectionsCheckingInterval: number }>

/** A request's time is that of the slowest upload and of its wait for a place. */
const PATIENCE: Patience = { headersTimeout: 20_000, requestTimeout: 180_000, connectionsCheckingInterval: 5_000 }

/** Answers with `starting` until it is given another listener: a load balancer and Meta then come again. */
export function listen(
  host: string,
  port: number,
  variable: string,
  starting: RequestListener,
  patience: Patience = PATIENCE,
): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 65_000, ...patience })
  server.on('request', starting)
  server.on('newListener', (event) => {
    if (event === 'request') server.off('request', starting)
  })
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new AddressInUse(port, variable) : error),
    )
    server.listen(port, host, () => resolve(server))
  })
}

/**
 * Says first that it is leaving, and serves on for `leavingMs`, so that who spreads the requests sends no more. Then no new
 * connection; running requests end, streams are told to come back, what is idle is closed.
 */
export async function drain(
  server: Server,
  app: Readonly<{ leave(): void; close(): Promise<void> }>,
  leavingMs: number,
): Promise<void> {
  app.leave()
  // A connection that stays open would be closed in the face of its next request.
  server.prependListener('request', (_, response) => response.setHeader('connection', 'close'))
  await sleep(leavingMs)
  await quietMoment()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  await app.close()
  server.closeIdleConnections()
  const sweep = setInterval(() => server.closeIdleConnections(), 100)
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}

/** A turn of the event loop that is shorter than this has left next to nobody waiting. */
const QUIET_TURN_MS = 2
const QUIET_WITHIN_MS = 1_000

/**
 * Whoever is still in the kernel's queue when the door closes is reset unseen. Each turn of the loop accepts all who are there
 * and then works for them, while others come: the door closes after a turn without much work, where there is one.
 */
async function quietMoment(): Promise<void> {
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const until = performance.now() + QUIET_WITHIN_MS
  await turn()
  for (let from = performance.now(); from < until; from = performance.now()) {
    await turn()
    if (performance.now() - from < QUIET_TURN_MS) return
  }
}
