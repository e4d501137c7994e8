import { readdirSync, statfsSync } from 'node:fs'
import test from 'ava'
import { memoryFolder } from './support/memory-folder.ts'
import { dataFolder } from './support/program.ts'

const GIB = 1024 ** 3

test('a folder with room is taken, and nothing is left in it', async (t) => {
  const folder = await dataFolder(t, 'memory')
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < 8 * GIB) t.log('there is no room on this disk')
  t.is(memoryFolder(folder, 64 * GIB), bavail * bsize < 8 * GIB ? null : folder)
  t.deepEqual(readdirSync(folder), [])
})

test('where memory is short, or there is no such folder, the suites stay on the disk', async (t) => {
  t.is(memoryFolder(await dataFolder(t, 'memory'), 4 * GIB), null)
  t.is(memoryFolder('/no/such/folder', 64 * GIB), null)
})
