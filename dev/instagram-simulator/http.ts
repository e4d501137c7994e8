import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

export type Answer = Readonly<{
  status: number
  body?: unknown
  /** Instead of `body`: sent as it is. */
  text?: string
  headers?: Readonly<Record<string, string>>
  /** `hang` never answers, `reset` cuts the connection, `cut` does so in the middle of the body. */
  instead?: 'hang' | 'reset' | 'cut'
  /** The body comes byte by byte, so many milliseconds apart. */
  byteEveryMs?: number
  /** Runs once the answer is out (or will never come). */
  afterwards?: () => void
}>

export type Call = Readonly<{
  method: string
  url: URL
  headers: IncomingMessage['headers']
  body: Buffer
}>

const MAX_BODY_BYTES = 4_000_000

export async function readCall(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) throw new Error('The body is too large')
    chunks.push(chunk)
  }
  return {
    method: request.method ?? 'GET',
    url: new URL(request.url ?? '/', 'http://simulator'),
    headers: request.headers,
    body: Buffer.concat(chunks),
  }
}

export function sendAnswer(response: ServerResponse, answer: Answer): void {
  const { afterwards } = answer
  if (answer.instead === 'cut') {
    const bytes = bytesOf(answer)
    response.writeHead(answer.status, { ...headersOf(answer), 'Content-Length': bytes.byteLength })
    response.write(bytes.subarray(0, Math.floor(bytes.byteLength / 2)), () => response.socket?.resetAndDestroy())
    afterwards?.()
    return
  }
  if (answer.instead) {
    if (answer.instead === 'reset') response.socket?.resetAndDestroy()
    afterwards?.()
    return
  }
  response.writeHead(answer.status, headersOf(answer))
  if (answer.byteEveryMs === undefined) response.end(bytesOf(answer), afterwards)
  else void drip(response, bytesOf(answer), answer.byteEveryMs).finally(afterwards)
}

const bytesOf = ({ text, body }: Answer): Buffer => Buffer.from(text ?? JSON.stringify(body ?? {}))

const headersOf = ({ text, headers }: Answer) => ({
  'Content-Type': text === undefined ? 'application/json; charset=UTF-8' : 'text/html; charset=UTF-8',
  ...headers,
})

/** Until it is out, or whoever asked has given up. */
async function drip(response: ServerResponse, bytes: Buffer, everyMs: number): Promise<void> {
  for (const byte of bytes) {
    if (response.destroyed) return
    response.write(Buffer.of(byte))
    await pause(everyMs, undefined, { ref: false })
  }
  response.end()
}

/** Query and form of a call in one: Graph takes parameters from either. Multipart is read too, as `curl -F` sends it. */
export async function parameters(call: Call): Promise<URLSearchParams> {
  const all = new URLSearchParams(call.url.searchParams)
  const type = call.headers['content-type'] ?? ''
  if (/^(multipart\/form-data|application\/x-www-form-urlencoded)/.test(type)) {
    const form = await new Response(new Uint8Array(call.body), { headers: { 'content-type': type } }).formData()
    for (const [name, value] of form) if (typeof value === 'string') all.set(name, value)
  }
  return all
}

export function jsonObject(body: Buffer): Record<string, unknown> | null {
  try {
    return record(JSON.parse(body.toString()))
  } catch {
    return null
  }
}

export const record = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null

export const string = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
