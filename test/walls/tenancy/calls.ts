import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { watchConnection } from '../../support/request-load.ts'

export type Asked = Readonly<{
  token?: string
  headers?: Readonly<Record<string, string>>
  /** Bytes go as they are, anything else as JSON. */
  body?: unknown
}>
export type Answered = Readonly<{ status: number; headers: IncomingHttpHeaders; text: string }>

/** What a server says anew each time, or of how often it was asked. */
const CHANGING = /^(date|x-request-id|ratelimit.*)$/

/** Thousands of calls over few connections that stay; whatever the answer is, it is one. Paths go out as they are given. */
export function createCaller(url: string, connections: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const { hostname, port } = new URL(url)

  function call(method: string, path: string, asked: Asked = {}, isAgain = false): Promise<Answered> {
    const { token, headers = {}, body } = asked
    const isBytes = Buffer.isBuffer(body)
    const sent = body === undefined ? undefined : isBytes ? body : JSON.stringify(body)
    const { promise, resolve, reject } = Promise.withResolvers<Answered>()
    const sending = request(
      {
        // The second time over a connection of its own, which nobody can have closed before.
        ...{ agent: isAgain ? false : agent, hostname, port, method, path },
        headers: {
          // The same for all, so that answers differ in nothing that the caller chose.
          'x-request-id': 'one-for-all-calls',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(sent === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent)) }),
          ...(sent === undefined || isBytes ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      },
      (response) => {
        const { statusCode: status = 0, headers } = response
        // It has no end.
        if (headers['content-type']?.startsWith('text/event-stream')) {
          sending.destroy()
          return resolve({ status, headers, text: '' })
        }
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => resolve({ status, headers, text: Buffer.concat(chunks).toString() }))
      },
    )
    const connection = watchConnection(sending)
    sending.on('error', (error) => {
      if (!isAgain && connection.wasClosedIdle(error)) resolve(call(method, path, asked, true))
      else reject(error)
    })
    sending.end(sent)
    return promise
  }

  return {
    call: (method: string, path: string, asked?: Asked) => call(method, path, asked),
    close: () => agent.destroy(),
  }
}

export type Caller = ReturnType<typeof createCaller>

/** The whole answer as one text, without what changes, and with each of the ids as its name. */
export function comparable({ status, headers, text }: Answered, ids: Readonly<Record<string, string>>): string {
  const kept = Object.entries(headers).filter(([name]) => !CHANGING.test(name))
  let whole = `${status} ${JSON.stringify(Object.fromEntries(kept))}\n${text}`
  for (const [name, id] of Object.entries(ids)) whole = whole.replaceAll(id, `<${name}>`)
  return whole
}

/** So many at once, and no more; in order of the list. */
export async function inParallel<T>(list: readonly T[], atOnce: number, work: (one: T) => Promise<unknown>) {
  const left = list.values()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const one of left) await work(one)
    }),
  )
}
