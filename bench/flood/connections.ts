import { connect } from 'node:net'
import type { WebhookDelivery } from '../direct-messages.ts'

/** Beyond them a request waits for a free one, as a platform's would. */
const MOST = 256
const NOTHING = Buffer.alloc(0)
const HEAD_END = '\r\n\r\n'
const STATUS_AT = 'HTTP/1.1 '.length

type Request = Readonly<{ bytes: Buffer; answered: (status: number) => void }>

/** Kept connections with a request at a time each. A failure is thrown where it happens, and ends the process. */
export type Connections = Readonly<{ send(request: Request): void; close(): void }>

/** Far leaner than Node's own client, which would take a core of its own from those that are measured. */
export function openConnections(url: string): Connections {
  const { hostname: host, port } = new URL(url)
  const free: ((request: Request) => void)[] = []
  const waiting: Request[] = []
  const closers: (() => void)[] = []

  const open = (): ((request: Request) => void) => {
    const socket = connect({ host, port: Number(port), noDelay: true })
    let received = NOTHING
    let current: Request | undefined
    const use = (request: Request): void => {
      current = request
      received = NOTHING
      socket.write(request.bytes)
    }
    const onClose = (): void => {
      throw new Error('a connection was ended from the other side')
    }
    socket.on('close', onClose)
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      const status = statusOf(received)
      if (status === null) return
      if (current === undefined) throw new Error('an answer came that nobody waits for')
      const { answered } = current
      current = undefined
      const next = waiting.shift()
      if (next === undefined) free.push(use)
      else use(next)
      answered(status)
    })
    closers.push(() => socket.off('close', onClose).destroy())
    return use
  }
  return {
    send(request) {
      const use = free.shift() ?? (closers.length < MOST ? open() : undefined)
      if (use === undefined) waiting.push(request)
      else use(request)
    },
    close() {
      for (const close of closers) close()
    },
  }
}

/** Null while the answer is not there as a whole. */
function statusOf(received: Buffer): number | null {
  const headEnd = received.indexOf(HEAD_END)
  if (headEnd < 0) return null
  const head = received.toString('latin1', 0, headEnd)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined) throw new Error(`an answer does not say how long it is:\n${head}`)
  if (received.length < headEnd + HEAD_END.length + Number(length)) return null
  return Number(head.slice(STATUS_AT, STATUS_AT + 3))
}

export function bytesOf(url: string, { path, headers, body }: WebhookDelivery): Buffer {
  const all = { Host: new URL(url).host, ...headers, 'Content-Length': String(body.length) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), body])
}
