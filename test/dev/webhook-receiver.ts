import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Received = Readonly<{ path: string; headers: IncomingHttpHeaders; body: Buffer; at: number }>

/** A bare server in the service's place: keeps what comes, and answers as told. */
export async function startReceiver(
  answer: () => { status: number; text: string } = () => ({ status: 200, text: 'EVENT_RECEIVED' }),
) {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const url = new URL(request.url ?? '/', 'http://receiver')
    received.push({ path: url.pathname, headers: request.headers, body: Buffer.concat(chunks), at: performance.now() })
    const challenge = url.searchParams.get('hub.challenge')
    const { status, text } = answer()
    response.writeHead(status, { 'Content-Type': 'text/plain' }).end(challenge ?? text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook/1`,
    received: received as readonly Received[],
    only(): Received {
      const [first, ...others] = received
      if (!first || others.length > 0) throw new Error(`${received.length} webhooks came instead of one`)
      return first
    },
    async close(): Promise<void> {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
