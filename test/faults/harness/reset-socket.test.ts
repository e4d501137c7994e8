import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import test from 'ava'
import { resetSocket } from './reset-socket.ts'

async function pair(t: { teardown(after: () => void): void }): Promise<{ client: Socket; server: Socket }> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const client = connect({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  const [[server]] = await Promise.all([once(listener, 'connection') as Promise<[Socket]>, once(client, 'connect')])
  t.teardown(() => {
    listener.close()
    client.destroy()
    server.destroy()
  })
  return { client, server }
}

async function endOf(socket: Socket): Promise<string> {
  const errors: string[] = []
  socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? error.message)).resume()
  await new Promise((closed) => socket.on('close', closed))
  return errors.join() || 'closed'
}

test('the other side sees a reset', async (t) => {
  const { client, server } = await pair(t)
  const ends = Promise.all([endOf(client), endOf(server)])
  resetSocket(client)
  t.deepEqual(await ends, ['closed', 'ECONNRESET'])
})

test('one whose end is on its way is closed without an error, which would keep its process from ending', async (t) => {
  const { client } = await pair(t)
  const end = endOf(client)
  client.end()
  resetSocket(client)
  t.is(await end, 'closed')
})
