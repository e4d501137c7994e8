import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import {
  assertNoneLeft,
  bearersOf,
  descendants,
  freePort,
  processesOn,
  startProcess,
  waitFor,
} from './support/processes.ts'

const node = (script: string, env?: Record<string, string>) => startProcess(process.execPath, ['--eval', script], env)
const stays = 'setInterval(() => {}, 1000);'
const onLinux = process.platform === 'linux' ? test : test.skip

test('a started process has the environment that it is given, and says what it says', async (t) => {
  const { says, exited, output } = node(
    'console.log(process.env.A, process.env.PORT); console.error("b"); process.exit(3)',
    { A: '1' },
  )
  t.is((await says(/^(\d) undefined$/m))[1], '1')
  t.deepEqual(await exited, { code: 3, signal: null })
  t.true(output().includes('b\n'))
  await t.throwsAsync(says(/c/), { message: /it ended without \/c\/:\n[\s\S]*1 undefined/ })
})

test('waiting for output ends', async (t) => {
  const started = node(`console.log('a'); ${stays}`)
  await t.throwsAsync(started.says(/b/, 300), { message: /within 300 ms there was no \/b\// })
  t.deepEqual(await started.end(), { code: null, signal: 'SIGTERM' })
})

test('one that does not heed SIGTERM is killed', async (t) => {
  const started = node(`process.on('SIGTERM', () => {}); console.log('up'); ${stays}`)
  await started.says(/up/)
  t.deepEqual(await started.end(200), { code: null, signal: 'SIGKILL' })
})

test('a program that does not exist rejects', async (t) => {
  await t.throwsAsync(startProcess('/nonexistent/program', []).exited, { code: 'ENOENT' })
})

const family = `const { spawn } = require('node:child_process')
  const child = spawn(process.execPath, ['--eval', ${JSON.stringify(stays)}], { detached: true, stdio: 'ignore' })
  child.unref(); console.log('child', child.pid);`

onLinux('one that shed its environment is found by the folder that it works on', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dc-processes-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const started =
    node(`require('node:child_process').spawn('sleep', ['60'], { cwd: '${folder}', env: {}, detached: true, stdio: 'ignore' })
    console.log('up'); ${stays}`)
  await started.says(/up/)
  await started.end()
  t.is(processesOn(folder).length, 1)
  await t.notThrowsAsync(assertNoneLeft(started))
  await t.throwsAsync(assertNoneLeft(started, { withinMs: 200, folder }), { message: /^Left running:\n\d+ sleep 60$/ })
  // Killed, and on a busy machine not gone at once.
  await waitFor(() => processesOn(folder).length === 0)
  t.deepEqual(processesOn(folder), [])
})

onLinux('descendants are found, and whoever outlives the process is named and ended', async (t) => {
  const started = node(`${family} ${stays}`)
  const child = Number((await started.says(/child (\d+)/))[1])
  t.true(descendants(started.pid).includes(child))
  t.true(descendants(process.pid).includes(child))
  t.deepEqual(new Set(bearersOf(started.mark)), new Set([started.pid, child]))
  await started.end()
  t.false(descendants(process.pid).includes(child))
  await t.throwsAsync(assertNoneLeft(started, { withinMs: 200 }), {
    message: new RegExp(`^Left running:\n${child} .*--eval`),
  })
  await t.notThrowsAsync(assertNoneLeft(started))
})

test('a free port can be listened on', async (t) => {
  const port = await freePort()
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  t.pass()
  await new Promise((resolve) => server.close(resolve))
})

test('waiting gives the first value there is, and the last failure', async (t) => {
  let tries = 0
  t.is(await waitFor(() => (++tries > 2 ? 'third' : null)), 'third')
  const failure = await t.throwsAsync(waitFor(() => Promise.reject(new Error('not yet')), 60))
  t.like(failure?.cause, { message: 'not yet' })
})
