import { once } from 'node:events'
import { Agent, createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { ask, startCalls } from './request-load.ts'

async function aServer(t: ExecutionContext, answer: (nth: number) => RequestListener): Promise<string> {
  let count = 0
  const server = createServer((request, response) => answer(++count)(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const answers: RequestListener = (_, response) => void sleep(50).then(() => response.end('well'))
const resets: RequestListener = ({ socket }) => socket.resetAndDestroy()
const breaksOff: RequestListener = ({ socket }) => socket.write('HTTP/1.1 200', () => socket.resetAndDestroy())
const well = { kind: 'answered', status: 200 } as const

for (const keepAlive of [true, false]) {
  test(`of two that share a connection the second is asked again when it was closed, keepAlive ${keepAlive}`, async (t) => {
    const url = await aServer(t, (nth) => (nth === 2 ? resets : answers))
    const agent = new Agent({ keepAlive, maxSockets: 1 })
    t.teardown(() => agent.destroy())
    const call = { method: 'GET', url }
    t.deepEqual(await Promise.all([ask(call, { agent }), ask(call, { agent })]), [well, well])
  })
}

test('a connection that was reset without a word is told from one that broke off in an answer, new or used', async (t) => {
  const call = async (answer: (nth: number) => RequestListener) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.teardown(() => agent.destroy())
    const asked = { method: 'GET', url: await aServer(t, answer) }
    const kinds = []
    for (let n = 0; n < 2; n++) kinds.push((await ask(asked, { agent })).kind)
    return kinds
  }
  t.deepEqual(await call(() => resets), ['unseen', 'unseen'])
  t.deepEqual(await call(() => breaksOff), ['failed', 'failed'])
  t.deepEqual(await call((nth) => (nth === 1 ? answers : breaksOff)), ['answered', 'failed'])
  // Asked again once, and not for ever.
  t.deepEqual(await call((nth) => (nth === 1 ? answers : resets)), ['answered', 'unseen'])
})

test('who has no answer when patience ends has failed, and nobody is asked again', async (t) => {
  let [asked, made] = [0, 0]
  const url = await aServer(t, (nth) => {
    asked = nth
    return nth === 1 ? answers : () => {}
  })
  const next = () => {
    made += 1
    return { method: 'GET', url }
  }
  const calls = startCalls(next, 100, { keepAlive: true })
  while (asked < 20) await sleep(10)
  await calls.stop(100)
  t.deepEqual(new Set(calls.outcomes.slice(1).map(({ kind }) => kind)), new Set(['failed'] as const))
  await sleep(100)
  t.true(asked <= made, `${asked} of ${made}`)
})
