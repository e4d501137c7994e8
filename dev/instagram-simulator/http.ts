import type { IncomingMessage, ServerResponse } from 'node:http'

export type Answer = Readonly<{
  status: number
  body?: unknown
  /** Instead of `body`: sent as it is. */
  text?: string
  headers?: Readonly<Record<string, string>>
  /** `hang` never answers, `reset` cuts the connection. */
  instead?: 'hang' | 'reset'
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
  if (answer.instead) {
    if (answer.instead === 'reset') response.socket?.resetAndDestroy()
    afterwards?.()
    return
  }
  const type = answer.text === undefined ? 'application/json; charset=UTF-8' : 'text/html; charset=UTF-8'
  response.writeHead(answer.status, { 'Content-Type': type, ...answer.headers })
  response.end(answer.text ?? JSON.stringify(answer.body ?? {}), afterwards)
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
