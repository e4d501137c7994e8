import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { until } from './until.ts'

export type SseEvent = Readonly<{ id: string | undefined; event: string | undefined; data: Record<string, unknown> }>

/** Reads a stream byte by byte, as a browser would, and keeps the bytes. */
export class SseClient {
  raw = ''
  closed = false
  status = 0
  headers: IncomingMessage['headers'] = {}
  readonly #request: ClientRequest
  #response: IncomingMessage | undefined
  #read = 0
  readonly #events: SseEvent[] = []

  constructor(url: string, headers: Record<string, string>) {
    this.#request = request(url, { headers: { accept: 'text/event-stream', ...headers }, agent: false })
    this.#request.on('response', (response) => {
      this.#response = response
      this.status = response.statusCode ?? 0
      this.headers = response.headers
      response.setEncoding('utf8').on('data', (text: string) => {
        this.raw += text
      })
      response.on('close', () => {
        this.closed = true
      })
      response.on('error', () => {})
    })
    this.#request.on('error', () => {
      this.closed = true
    })
    this.#request.on('close', () => {
      this.closed ||= this.#response === undefined
    })
    this.#request.end()
  }

  /** Whole blocks only: what breaks off in the middle was not received. */
  get events(): readonly SseEvent[] {
    for (let end = this.raw.indexOf('\n\n', this.#read); end >= 0; end = this.raw.indexOf('\n\n', this.#read)) {
      const event = parse(this.raw.slice(this.#read, end))
      if (event) this.#events.push(event)
      this.#read = end + 2
    }
    return this.#events
  }

  /** The numbers that came, in the order they came. */
  get seqs(): readonly number[] {
    return this.events.flatMap(({ id }) => (id === undefined ? [] : [Number(id)]))
  }

  names(): readonly (string | undefined)[] {
    return this.events.map(({ event }) => event)
  }

  async opened(): Promise<this> {
    await until(() => this.closed || this.names().includes('stream.hello'))
    return this
  }

  pause(): void {
    this.#response?.pause()
  }

  disconnect(): void {
    this.#request.destroy()
  }
}

function parse(block: string): SseEvent | null {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const at = line.indexOf(':')
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).replace(/^ /, ''))
  }
  const data = fields.get('data')
  return data === undefined
    ? null
    : { id: fields.get('id'), event: fields.get('event'), data: JSON.parse(data) as Record<string, unknown> }
}
