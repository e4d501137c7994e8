import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../../support/processes.ts'
import { resetSocket } from './reset-socket.ts'
import { createPump, type Pump } from './tcp-pump.ts'

/** `request`: from whoever connects to the server; `response`: from the server back. */
export type Direction = 'request' | 'response'

/** What happens to the bytes of one direction; to those that were not passed on yet, and to all that come. */
export type Mode =
  | Readonly<{ kind: 'pass' }>
  /** Nothing passes, and neither side is told. What came meanwhile goes on after it, as TCP repeats what a network swallowed. */
  | Readonly<{ kind: 'black-hole' }>
  /** Each chunk so much later, and up to `jitterMs` more; their order stays. */
  | Readonly<{ kind: 'delay'; ms: number; jitterMs?: number }>
  | Readonly<{ kind: 'bandwidth'; bytesPerSecond: number }>
  /** One byte a write, so long apart (0: each in a turn of the event loop of its own). */
  | Readonly<{ kind: 'slice'; everyMs?: number }>
  /** So many more bytes of each connection pass, then both of its ends are reset. */
  | Readonly<{ kind: 'cut'; afterBytes: number }>
  /** The receiver is told that nothing more comes, and nothing does; the other direction stays open. */
  | Readonly<{ kind: 'half-close' }>

export type TcpProxy = Readonly<{
  port: number
  /** Of every connection, those that are open included. */
  set(direction: Direction | 'both', mode: Mode): void
  /** New connections are refused, and those that are open are reset. */
  refuse(): Promise<void>
  /** Resets every open connection, at both ends. */
  reset(): void
  /** Takes connections again; the modes stay. */
  accept(): Promise<void>
  /** Takes connections again, and passes in both directions. What a black hole held goes on. */
  heal(): Promise<void>
  /** Told of each chunk as it comes, before it is passed on: the mode may be changed by what is seen. Returns how to end that. */
  watch(direction: Direction, listener: (chunk: Buffer) => void): () => void
  /** How many are open. */
  connections(): number
  /** How many were taken so far. */
  taken(): number
  close(): Promise<void>
}>

export type ProxyOptions = Readonly<{
  /** The server's port on 127.0.0.1, or the path of its socket. */
  target: number | string
  /** In [0, 1), for jitter. */
  random?: () => number
}>

type Link = Readonly<{ pumps: Readonly<Record<Direction, Pump>>; reset(): void }>

const PASS: Mode = { kind: 'pass' }
const DIRECTIONS = ['request', 'response'] as const

/** A TCP proxy on 127.0.0.1 that does to the bytes what a network may do to them. */
export async function createTcpProxy({ target, random = () => 0.5 }: ProxyOptions): Promise<TcpProxy> {
  const modes: Record<Direction, Mode> = { request: PASS, response: PASS }
  const listeners: Record<Direction, Set<(chunk: Buffer) => void>> = { request: new Set(), response: new Set() }
  const links = new Set<Link>()
  let taken = 0

  function take(client: Socket): void {
    taken++
    // Each end is told of the other's end by the pumps, and not by Node.
    const place = typeof target === 'string' ? { path: target } : { port: target, host: '127.0.0.1', noDelay: true }
    const server = connect({ ...place, allowHalfOpen: true })
    client.setNoDelay(true)
    // A socket of the file system has no reset: its server is told the end.
    const resetServer = () => (typeof target === 'string' ? void server.destroy() : resetSocket(server))
    const pump = (direction: Direction, from: Socket, to: Socket) =>
      createPump({
        from,
        to,
        mode: modes[direction],
        random,
        seen: (chunk) => {
          for (const listener of listeners[direction]) listener(chunk)
        },
        cut: () => link.reset(),
        resetReceiver: to === server ? resetServer : () => resetSocket(client),
      })
    const link: Link = {
      pumps: { request: pump('request', client, server), response: pump('response', server, client) },
      reset() {
        resetSocket(client)
        resetServer()
      },
    }
    links.add(link)
    const gone = () => {
      if (client.destroyed && server.destroyed) links.delete(link)
    }
    client.on('close', gone)
    server.on('close', gone)
  }

  let server: Server | null = null
  async function listen(port: number): Promise<number> {
    server = createServer({ allowHalfOpen: true }, take).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  async function refuse(): Promise<void> {
    const closing = server
    server = null
    const closed = closing && once(closing, 'close')
    closing?.close()
    reset()
    await closed
  }
  async function accept(): Promise<void> {
    if (server === null) await listen(port)
  }
  function reset(): void {
    for (const link of links) link.reset()
  }
  function set(which: Direction | 'both', mode: Mode): void {
    for (const direction of which === 'both' ? DIRECTIONS : [which]) {
      modes[direction] = mode
      for (const { pumps } of links) pumps[direction].set(mode)
    }
  }

  const port = await listen(await freePort())
  return {
    port,
    set,
    refuse,
    reset,
    accept,
    async heal() {
      await accept()
      set('both', PASS)
    },
    watch(direction, listener) {
      listeners[direction].add(listener)
      return () => void listeners[direction].delete(listener)
    },
    connections: () => links.size,
    taken: () => taken,
    close: refuse,
  }
}
