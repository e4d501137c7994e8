import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'ava'
import { tryLock } from '../../../../src/adapters/persistence/embedded/kernel-lock.ts'
import { countMembers, enter, leave } from '../../../../src/adapters/persistence/embedded/members.ts'
import { aFolder } from './support/playground.ts'

const MODULE = new URL('../../../../src/adapters/persistence/embedded/kernel-lock.ts', import.meta.url).href

test('a lock has one holder within a process and can be had again after its release', async (t) => {
  const path = join(await aFolder(t), 'lock')
  const first = tryLock(path)
  t.truthy(first)
  t.is(tryLock(path), null)
  t.is(tryLock(path), null)
  first?.release()
  first?.release()
  const second = tryLock(path)
  t.truthy(second)
  second?.release()
})

test('a lock holds, also after a second try of its holder, until its process is killed', async (t) => {
  const path = join(await aFolder(t), 'lock')
  const script = `import { tryLock } from '${MODULE}'; globalThis.lock = tryLock(process.argv[1]); console.log(lock !== null && tryLock(process.argv[1]) === null); setInterval(() => {}, 1e6)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [answer] = await once(holder.stdout, 'data')
  t.is(String(answer).trim(), 'true')
  t.is(tryLock(path), null)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const lock = tryLock(path)
  t.truthy(lock)
  lock?.release()
})

test('members are counted while they are in and their files go with them', async (t) => {
  const runDir = await aFolder(t)
  const one = enter(runDir)
  const two = enter(runDir)
  t.is(countMembers(runDir), 2)
  leave(one)
  t.is(countMembers(runDir), 1)
  // As if its process had been killed: the file stays, the lock is gone.
  two.lock.release()
  t.is(countMembers(runDir), 0)
})
