import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { waitFor } from '../../support/processes.ts'
import { createTcpProxy, type Direction, type TcpProxy } from './tcp-proxy.ts'

/** Whatever happens to one end of a connection. */
type End = Readonly<{ socket: Socket; chunks: Buffer[]; text(): string; state(): string }>

function watched(socket: Socket): End {
  const chunks: Buffer[] = []
  let state = 'open'
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('end', () => (state = 'ended'))
  socket.on('error', (error: NodeJS.ErrnoException) => (state = error.code ?? error.message))
  return { socket, chunks, text: () => Buffer.concat(chunks).toString(), state: () => state }
}

type Stage = Readonly<{ proxy: TcpProxy; open(): Promise<Record<'client' | 'server', End>> }>

async function stage(t: ExecutionContext): Promise<Stage> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await createTcpProxy({ target: (server.address() as AddressInfo).port })
  const sockets: Socket[] = []
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await proxy.close()
  })
  return {
    proxy,
    async open() {
      const accepted = once(server, 'connection') as Promise<[Socket]>
      const client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
      sockets.push(client)
      const ends = { client: watched(client) }
      const [socket] = await accepted
      sockets.push(socket)
      return { ...ends, server: watched(socket) }
    },
  }
}

/** Who writes and who reads in a direction. */
const sides = { request: ['client', 'server'], response: ['server', 'client'] } as const
const QUIET_MS = 100

const directions: readonly Direction[] = ['request', 'response']
for (const direction of directions) {
  const [writer, reader] = sides[direction]

  /** One connection, over which the other direction is seen to pass. */
  const opened = async (t: ExecutionContext) => {
    const { proxy, open } = await stage(t)
    const ends = await open()
    return { proxy, from: ends[writer], to: ends[reader] }
  }

  test(`${direction}: what is written passes, with its end`, async (t) => {
    const { from, to, proxy } = await opened(t)
    const seen: string[] = []
    const stop = proxy.watch(direction, (chunk) => seen.push(chunk.toString()))
    from.socket.write('one ')
    await waitFor(() => to.text() === 'one ')
    stop()
    from.socket.end('two')
    await waitFor(() => to.state() === 'ended')
    t.is(to.text(), 'one two')
    t.deepEqual(seen, ['one '])
    to.socket.end('back')
    await waitFor(() => from.state() === 'ended')
    t.is(from.text(), 'back')
    await waitFor(() => proxy.connections() === 0)
  })

  test(`${direction}: a black hole lets nothing pass on an open connection, not even its end, and the other direction all`, async (t) => {
    const { from, to, proxy } = await opened(t)
    from.socket.write('before ')
    await waitFor(() => to.text() === 'before ')
    proxy.set(direction, { kind: 'black-hole' })
    from.socket.end('meanwhile')
    to.socket.write('heard')
    await waitFor(() => from.text() === 'heard')
    await sleep(QUIET_MS)
    t.is(to.text(), 'before ')
    t.is(to.state(), 'open')
    await proxy.heal()
    await waitFor(() => to.state() === 'ended')
    t.is(to.text(), 'before meanwhile')
  })

  test(`${direction}: in a black hole nobody learns that the other is gone`, async (t) => {
    const { from, to, proxy } = await opened(t)
    proxy.set(direction, { kind: 'black-hole' })
    from.socket.resetAndDestroy()
    await sleep(QUIET_MS)
    t.is(to.state(), 'open')
    await proxy.heal()
    await waitFor(() => to.state() === 'ECONNRESET')
    t.pass()
  })

  test(`${direction}: a black hole takes no more than a window of bytes, and they come in order`, async (t) => {
    const { from, to, proxy } = await opened(t)
    proxy.set(direction, { kind: 'black-hole' })
    const bytes = Buffer.alloc(32 * 1_024 * 1_024, Array.from({ length: 251 }, (_, at) => at).join())
    let flushed = false
    from.socket.write(bytes, () => (flushed = true))
    await sleep(QUIET_MS)
    t.false(flushed)
    await proxy.heal()
    await waitFor(() => flushed)
    await waitFor(() => to.chunks.reduce((sum, { length }) => sum + length, 0) === bytes.length)
    t.true(Buffer.concat(to.chunks).equals(bytes))
  })

  test(`${direction}: what is delayed comes in order, and no sooner`, async (t) => {
    const { from, to, proxy } = await opened(t)
    proxy.set(direction, { kind: 'delay', ms: 80, jitterMs: 40 })
    const startedAt = performance.now()
    for (const word of ['a', 'b', 'c', 'd']) {
      from.socket.write(word)
      await sleep(10)
    }
    await waitFor(() => to.text() !== '')
    t.true(performance.now() - startedAt >= 99)
    await waitFor(() => to.text() === 'abcd')
    proxy.set(direction, { kind: 'pass' })
    from.socket.write('e')
    await waitFor(() => to.text() === 'abcde')
  })

  test(`${direction}: a bandwidth is kept`, async (t) => {
    const { from, to, proxy } = await opened(t)
    proxy.set(direction, { kind: 'bandwidth', bytesPerSecond: 10_000 })
    const startedAt = performance.now()
    from.socket.write(Buffer.alloc(4_000))
    await waitFor(() => Buffer.concat(to.chunks).length === 4_000)
    t.true(performance.now() - startedAt >= 300)
  })

  test(`${direction}: sliced, each byte comes alone`, async (t) => {
    const { from, to, proxy } = await opened(t)
    proxy.set(direction, { kind: 'slice', everyMs: 3 })
    from.socket.write('sliced bread')
    await waitFor(() => to.text() === 'sliced bread')
    // Several may meet in the reader's buffer, however far apart they were written.
    t.true(to.chunks.length > 6, `${to.chunks.length}`)
    proxy.set(direction, { kind: 'pass' })
    from.socket.write(' and whole')
    await waitFor(() => to.text() === 'sliced bread and whole')
  })

  test(`${direction}: cut after so many bytes, both ends are reset`, async (t) => {
    const { from, to, proxy } = await opened(t)
    from.socket.write('whole ')
    await waitFor(() => to.text() === 'whole ')
    proxy.set(direction, { kind: 'cut', afterBytes: 4 })
    from.socket.write('ha')
    await waitFor(() => to.text() === 'whole ha')
    t.is(to.state(), 'open')
    from.socket.write('lf is lost')
    await waitFor(() => to.state() === 'ECONNRESET' && from.state() === 'ECONNRESET')
    t.is(to.text(), 'whole half')
    await waitFor(() => proxy.connections() === 0)
  })

  test(`${direction}: half closed, the receiver hears the end, and can still write`, async (t) => {
    const { from, to, proxy } = await opened(t)
    proxy.set(direction, { kind: 'half-close' })
    await waitFor(() => to.state() === 'ended')
    from.socket.write('into the void')
    to.socket.write('heard')
    await waitFor(() => from.text() === 'heard')
    t.is(to.text(), '')
    t.is(from.state(), 'open')
  })
}

test('a mode holds for connections of later too', async (t) => {
  const { proxy, open } = await stage(t)
  proxy.set('response', { kind: 'black-hole' })
  const { client, server } = await open()
  client.socket.write('asked')
  await waitFor(() => server.text() === 'asked')
  server.socket.write('answered')
  await sleep(QUIET_MS)
  t.is(client.text(), '')
  await proxy.heal()
  await waitFor(() => client.text() === 'answered')
  t.is(proxy.taken(), 1)
})

test('the mode may change by what is seen: done, and never heard of', async (t) => {
  const { proxy, open } = await stage(t)
  const { client, server } = await open()
  server.socket.on('data', () => server.socket.write('done'))
  proxy.watch('request', (chunk) => {
    if (chunk.includes('commit')) proxy.set('response', { kind: 'black-hole' })
  })
  client.socket.write('insert')
  await waitFor(() => client.text() === 'done')
  client.socket.write('commit')
  await waitFor(() => server.text() === 'insertcommit')
  await sleep(QUIET_MS)
  t.is(client.text(), 'done')
})

test('refusing resets what is open and refuses what comes, until healed on the same port', async (t) => {
  const { proxy, open } = await stage(t)
  const { client, server } = await open()
  await proxy.refuse()
  await waitFor(() => client.state() === 'ECONNRESET' && server.state() === 'ECONNRESET')
  const refused = connect(proxy.port, '127.0.0.1')
  const [error] = await once(refused, 'error')
  t.is((error as NodeJS.ErrnoException).code, 'ECONNREFUSED')
  await proxy.heal()
  const later = await open()
  later.client.socket.write('again')
  await waitFor(() => later.server.text() === 'again')
})

test('a reset ends what is open, and nothing else', async (t) => {
  const { proxy, open } = await stage(t)
  const { client } = await open()
  t.is(proxy.connections(), 1)
  proxy.reset()
  await waitFor(() => client.state() === 'ECONNRESET')
  const later = await open()
  later.client.socket.write('again')
  await waitFor(() => later.server.text() === 'again')
  t.is(proxy.taken(), 2)
})

test('whoever connects while the server is away is reset', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const proxy = await createTcpProxy({ target: port })
  t.teardown(() => proxy.close())
  const client = watched(connect(proxy.port, '127.0.0.1'))
  await waitFor(() => client.state() === 'ECONNRESET')
  t.pass()
})
