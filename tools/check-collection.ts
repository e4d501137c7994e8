import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { variables } from '../src/config/variables.ts'
import { assertNoneLeft, freePort, startProcess, waitFor } from '../test/support/processes.ts'
import { createChecks } from './checks.ts'

// Runs the Postman collection against a service of its own on the embedded profile, and ends that with SIGTERM. The service is
// started as a newcomer does, by whatever Node is on PATH. The last line is `N passed, N failed, N skipped`.
const root = join(import.meta.dirname, '..')
const data = await mkdtemp(join(tmpdir(), 'dc-collection-'))
const port = await freePort()
const baseUrl = `http://127.0.0.1:${port}`
// Set though empty, so that a .env has no say.
const unset = Object.fromEntries(variables.map(({ name }) => [name, '']))
const service = startProcess(
  'node',
  ['run.js', 'start'],
  { ...unset, DATA_DIR: data, PORT: String(port) },
  { cwd: root },
)

const { check, add, report } = createChecks()

async function ready(): Promise<boolean> {
  const ended = service.exited.then(({ code, signal }) => Promise.reject(new Error(`it ended with ${signal ?? code}`)))
  const answers = waitFor(async () => (await fetch(`${baseUrl}/readyz`)).ok, 60_000)
  return Promise.race([answers, ended])
}

if (await check(`the service is ready on port ${port}`, ready)) {
  const npm = ['--prefix', 'tools/contract', 'run', '--silent', 'newman']
  const newman = startProcess('npm', npm, { BASE_URL: baseUrl }, { cwd: root })
  await newman.exited
  console.log(newman.output().trimEnd())
  const [, done, broken] = /(\d+) passed, (\d+) failed, \d+ skipped\s*$/.exec(newman.output()) ?? []
  const failures = broken === '0' ? [] : [`the collection: ${broken ?? 'its run broke off, and more'} failed`]
  add({ passed: Number(done ?? 0), failures })
}
await check('SIGTERM ends it with 0', async () => {
  const { code, signal } = await service.end()
  if (code !== 0) throw new Error(`it ended with ${signal ?? code}`)
})
await check('no process is left', () => assertNoneLeft(service, { folder: data }))
await rm(data, { recursive: true, force: true, maxRetries: 5 })

report(() => `What the service wrote last:\n${service.output().split('\n').slice(-80).join('\n')}`)
