import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type Front = Readonly<{ port: number; close(): void }>

/**
 * What stands before the api processes in production: it gives each request to one that is ready, in turn, and to the next where
 * nobody listens. Whoever was with one that dies is told nothing: their connection is reset.
 */
export async function createFront(ports: readonly number[], isReady: (port: number) => boolean): Promise<Front> {
  let turn = 0

  function pass(asked: IncomingMessage, body: Buffer, answer: ServerResponse, left: readonly number[]): void {
    const [port, ...others] = left
    if (port === undefined) return void answer.socket?.resetAndDestroy()
    const { method, url, headers } = asked
    const passed = request({ port, host: '127.0.0.1', method, path: url, headers, agent: false }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.rawHeaders)
      given.pipe(answer)
      given.on('error', () => answer.socket?.resetAndDestroy())
    })
    passed.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') pass(asked, body, answer, others)
      else answer.socket?.resetAndDestroy()
    })
    answer.on('close', () => passed.destroy())
    passed.end(body)
  }

  const front = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (asked, answer) => {
    turn += 1
    const inTurn = ports.map((_, index) => ports[(index + turn) % ports.length] as number)
    const left = [...inTurn.filter(isReady), ...inTurn.filter((port) => !isReady(port))]
    buffer(asked).then(
      (body) => pass(asked, body, answer, left),
      () => answer.destroy(),
    )
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
  return {
    port: (front.address() as AddressInfo).port,
    close() {
      front.close()
      front.closeAllConnections()
    },
  }
}
