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
