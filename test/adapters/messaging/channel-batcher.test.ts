import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { createChannelBatcher } from '../../../src/adapters/messaging/channel-batcher.ts'
import { quietLog, until } from './quiet.ts'

test('an organization with many channels has the places that nobody else wants, and its next batch comes after theirs', async (t) => {
  const handed: string[] = []
  const ends: (() => void)[] = []
  const batcher = createChannelBatcher<string>({
    concurrency: 4,
    maxBatch: 10,
    keyOf: (item) => item,
    isSuspect: () => false,
    async handle([first = '']) {
      handed.push(first)
      await new Promise<void>((end) => ends.push(end))
    },
    done: async () => {},
    failed: async () => {},
    onRoom() {},
    log: quietLog,
  })
  for (let channel = 0; channel < 20; channel++) for (let n = 0; n < 30; n++) batcher.add(`noisy:${channel}`)
  await until(() => handed.length === 4)
  batcher.add('quiet:1')
  batcher.add('other:1')
  ends.shift()?.()
  await until(() => handed.length === 5)
  ends.shift()?.()
  await until(() => handed.length === 6)
  t.deepEqual(handed.slice(4), ['quiet:1', 'other:1'])
  const all = setInterval(() => ends.splice(0).forEach((end) => void end()), 1)
  await until(() => batcher.waiting() === 0)
  clearInterval(all)
  const stopped = batcher.stop()
  for (const end of ends.splice(0)) end()
  await stopped
  t.is(handed.length, 2 + 20 * 3)
})

/** One place, batches of two; a batch ends when it is told to, and says so before its channel may go on. */
function onePlace(whenDone: () => void) {
  const handed: string[] = []
  const ends: (() => void)[] = []
  const batcher = createChannelBatcher<string>({
    concurrency: 1,
    maxBatch: 2,
    keyOf: ([channel = '']) => channel,
    isSuspect: () => false,
    async handle(batch) {
      handed.push(batch.join(' '))
      await new Promise<void>((end) => ends.push(end))
    },
    async done() {
      whenDone()
    },
    failed: async () => {},
    onRoom() {},
    log: quietLog,
  })
  return { batcher, handed, end: () => ends.shift()?.() }
}

/** So long that a rest after it is noticed. */
const BATCH_MS = 100
/** Over before such a rest is. */
const SOON_MS = 20

test('a channel rests after a batch, and what comes meanwhile goes with what waits', async (t) => {
  const { batcher, handed, end } = onePlace(() => {
    if (handed.length === 1) batcher.add('b1')
  })
  batcher.add('a1')
  await until(() => handed.length === 1)
  batcher.add('a2')
  await sleep(BATCH_MS)
  end()
  await until(() => handed.length === 2)
  t.is(handed[1], 'b1', 'the other channel came later and is first')
  end()
  await until(() => handed.length === 3)
  t.deepEqual(handed, ['a1', 'b1', 'a2'])
  end()
  await batcher.stop()
})

test('a channel that has nothing waiting rests too, and its next one is not lost', async (t) => {
  const { batcher, handed, end } = onePlace(() => {})
  batcher.add('a1')
  await until(() => handed.length === 1)
  await sleep(BATCH_MS)
  end()
  await sleep(1)
  batcher.add('a2')
  setTimeout(() => handed.push('soon'), SOON_MS)
  await until(() => handed.length === 3)
  t.deepEqual(handed, ['a1', 'soon', 'a2'])
  end()
  await batcher.stop()
})

for (const [what, whileItRuns] of [
  ['waits', true],
  ['comes while it rests', false],
] as const)
  test(`a channel does not rest once a whole batch ${what}`, async (t) => {
    const { batcher, handed, end } = onePlace(() => setTimeout(() => handed.push('soon'), SOON_MS))
    batcher.add('a1')
    await until(() => handed.length === 1)
    if (whileItRuns) for (const item of ['a2', 'a3']) batcher.add(item)
    await sleep(BATCH_MS)
    end()
    await sleep(1)
    if (!whileItRuns) for (const item of ['a2', 'a3']) batcher.add(item)
    await until(() => handed.length === 3)
    t.deepEqual(handed, ['a1', 'a2 a3', 'soon'])
    end()
    await batcher.stop()
  })

test('what waits while its channel rests is given back at a stop', async (t) => {
  const { batcher, handed, end } = onePlace(() => {})
  batcher.add('a1')
  await until(() => handed.length === 1)
  batcher.add('a2')
  await sleep(BATCH_MS)
  end()
  await sleep(1)
  t.deepEqual(await batcher.stop(), ['a2'])
})
