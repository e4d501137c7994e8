import test from 'ava'
import { createGroupCommit } from '../../../src/adapters/messaging/group-commit.ts'
import { isDataError } from '../../../src/adapters/postgres-kit/errors.ts'
import { until } from './quiet.ts'

const dataError = () => Object.assign(new Error('violates a check'), { code: '23514' })

test('a lone item is written alone and at once; those that arrive meanwhile share a statement', async (t) => {
  const groups: number[][] = []
  const open: (() => void)[] = []
  const save = createGroupCommit<number>({
    isDataError,
    saveMany: (items) => {
      groups.push([...items])
      return new Promise((resolve) => open.push(resolve))
    },
  })
  const first = save(0)
  await until(() => open.length === 1)
  const second = save(1)
  await until(() => open.length === 2)
  const rest = Array.from({ length: 100 }, (_, index) => save(index + 2))
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.is(groups.length, 2, 'two writers, the rest waits')
  open[0]?.()
  await first
  await until(() => open.length === 3)
  open[1]?.()
  await until(() => open.length === 4)
  for (const finish of open) finish()
  await Promise.all([second, ...rest])
  t.deepEqual(
    groups.map((group) => group.length),
    [1, 1, 64, 36],
  )
})

test('a poisoned item fails alone', async (t) => {
  const stored: number[] = []
  const save = createGroupCommit<number>({
    isDataError,
    writers: 1,
    saveMany: async (items) => {
      if (items.includes(13)) throw dataError()
      stored.push(...items)
    },
  })
  const results = await Promise.allSettled(Array.from({ length: 30 }, (_, index) => save(index)))
  t.deepEqual(
    results.flatMap((result, index) => (result.status === 'rejected' ? [index] : [])),
    [13],
  )
  t.deepEqual(new Set(stored).size, 29)
  t.is(stored.length, 29, 'none twice')
})

test('is the server away, everything that waits fails, and the next one is tried again', async (t) => {
  let away = true
  const save = createGroupCommit<number>({
    isDataError,
    saveMany: async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (away) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    },
  })
  const results = await Promise.allSettled(Array.from({ length: 500 }, (_, index) => save(index)))
  t.true(results.every(({ status }) => status === 'rejected'))
  away = false
  await t.notThrowsAsync(save(1))
})

test('large items do not pile up in one statement', async (t) => {
  const sizes: number[] = []
  const save = createGroupCommit<number>({
    isDataError,
    bytesOf: (bytes) => bytes,
    maxBytes: 1_000,
    saveMany: async (items) => void sizes.push(items.reduce((sum, bytes) => sum + bytes, 0)),
  })
  await Promise.all([save(5_000), ...Array.from({ length: 40 }, () => save(300))])
  t.is(sizes[0], 5_000, 'one that is larger than the limit still goes')
  t.true(sizes.slice(1).every((bytes) => bytes <= 1_000))
})
