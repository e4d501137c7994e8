import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { HttpCore } from '../../../src/adapters/http/http-deps.ts'
import { listen } from '../../../src/listening.ts'
import { startHttp } from '../../adapters/http/support/http-server.ts'

const SECRET = 'planted-app-secret'
const channelId = randomUUID()
const path = `/webhook/${channelId}`

const post = (url: string, body: string) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` },
    body,
  })

/** Long enough for who is slow because the machine is. */
const PATIENCE = { headersTimeout: 3_000, requestTimeout: 5_000, connectionsCheckingInterval: 100 }
const CLIENTS = 40
const DRIP_EVERY_MS = 200

const SLOW: Readonly<Record<string, readonly [start: string, drip: string]>> = {
  'says nothing at all': ['', ''],
  'sends its headers a byte at a time': [`POST ${path} HTTP/1.1\r\nHost: x\r\nX-Long: `, 'x'],
  'sends a delivery a byte at a time': [`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n`, 'x'],
  'stops in the middle of a delivery': [`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf`, ''],
  'sends another request a byte at a time': [
    'POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{',
    ' ',
  ],
}

type SlowClient = Readonly<{ socket: Socket; heard(): string }>

async function slowClient(port: number, start: string, drip: string): Promise<SlowClient> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.on('error', () => {})
  socket.setEncoding('latin1').on('data', (text) => {
    heard += text
  })
  await once(socket, 'connect')
  socket.write(start)
  const timer = setInterval(() => void (drip !== '' && socket.write(drip)), DRIP_EVERY_MS)
  socket.once('close', () => clearInterval(timer))
  return { socket, heard: () => heard }
}

test.serial('A16: clients that send a byte at a time or nothing are closed, and others do not notice', async (t) => {
  t.timeout(120_000)
  const http = await startHttp({ deps: { webhookLimits: { bodyWithinMs: 3_000 } } })
  http.webhookSecrets.set(channelId, SECRET)
  const server = await listen('127.0.0.1', 0, 'PORT', (_, response) => void response.writeHead(503).end(), PATIENCE)
  server.on('request', http.app.app)
  const { port } = server.address() as AddressInfo
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await http.stop()
  })
  const slow = await Promise.all(
    Object.values(SLOW).flatMap(([start, drip]) =>
      Array.from({ length: CLIENTS }, () => slowClient(port, start, drip)),
    ),
  )
  // Some are reset while they write, which is an end as well.
  const closed = Promise.all(
    slow.map(({ socket }) => socket.closed || new Promise<void>((resolve) => socket.once('close', () => resolve()))),
  )
  let done = false
  void closed.then(() => {
    done = true
  })
  let served = 0
  while (!done) {
    const { status } = await post(`http://127.0.0.1:${port}`, `delivery ${served}`)
    t.is(status, 200)
    served++
    await sleep(50)
  }
  t.is(http.accepted.length, served, 'nothing of the slow ones was taken')
  // A delivery is cut off in its own time, without a word; the server, which waits longer for uploads, answers 408.
  for (const [index, what] of Object.keys(SLOW).entries())
    if (what.includes('delivery'))
      t.deepEqual(
        new Set(slow.slice(index * CLIENTS, (index + 1) * CLIENTS).map(({ heard }) => heard())),
        new Set(['']),
      )
  t.true(served > 5)
})

const MANY = 600
const MOST_BYTES = 512 * 1024

test.serial(
  'A17: what is more than can be kept is refused at once and taken when it comes again: what waits is bounded, nothing is lost',
  async (t) => {
    t.timeout(120_000)
    const http = await startHttp({ deps: { webhookLimits: { mostBytes: MOST_BYTES } } })
    t.teardown(() => http.stop())
    const taken: string[] = []
    const open = Promise.withResolvers<void>()
    let held = 0
    let most = 0
    // Whatever keeps deliveries takes its time.
    const core = http.deps.core as { -readonly [Name in keyof HttpCore]: HttpCore[Name] }
    core.acceptWebhook = async ({ body }) => {
      held += body.length
      most = Math.max(most, held)
      await open.promise
      held -= body.length
      taken.push(Buffer.from(body).toString().slice(0, 12).trim())
      return { status: 'accepted' }
    }
    const names = Array.from({ length: MANY }, (_, index) => `body-${index}`)
    const send = async (name: string) => {
      const answer = await post(http.url, name.padEnd(2_000))
      return { name, status: answer.status, retryAfter: answer.headers.get('retry-after') }
    }
    const answers: Awaited<ReturnType<typeof send>>[] = []
    const burst = names.map((name) => send(name).then((answer) => answers.push(answer)))
    while (answers.length < MANY / 2) await sleep(10)
    // Those that are refused do not wait for those that are kept.
    t.true(answers.every(({ status, retryAfter }) => status === 503 && Number(retryAfter) > 0))
    t.deepEqual(taken, [])
    open.resolve()
    await Promise.all(burst)
    t.true(most <= MOST_BYTES, `${most}`)
    const kept = answers.filter(({ status }) => status === 200).length
    t.true(kept > 20 && kept < MANY / 2, `${kept}`)

    let left = answers.filter(({ status }) => status !== 200).map(({ name }) => name)
    t.is(left.length, MANY - kept)
    while (left.length > 0) {
      const again = await Promise.all(left.splice(0, 40).map(send))
      left = [...left, ...again.filter(({ status }) => status !== 200).map(({ name }) => name)]
    }
    t.deepEqual(taken.toSorted(), names.toSorted())
  },
)
