import { globSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { variables } from '../src/config/variables.ts'
import { assertNoneLeft, freePort, type StartedProcess, startProcess, waitFor } from '../test/support/processes.ts'
import { createChecks } from './checks.ts'

// Runs scripts of package.json by `pnpm run`, with each version of pnpm in tools/pnpm, in this checkout, which npm installed:
// pnpm must neither refuse it nor install anything its own way. The last line is `N passed, N failed, N skipped`.
const root = join(import.meta.dirname, '..')
const versions = join(root, 'tools', 'pnpm', 'node_modules')
const { check, report } = createChecks()
const unset = Object.fromEntries(variables.map(({ name }) => [name, '']))
const outputs: string[] = []

/** What pnpm leaves where it has installed. */
const traces = () =>
  globSync(
    ['pnpm-lock.yaml', 'node_modules/.pnpm', 'node_modules/.modules.yaml', 'node_modules/.pnpm-workspace-state*.json'],
    {
      cwd: root,
    },
  )

async function checkVersion(name: string): Promise<void> {
  const { bin, version } = JSON.parse(await readFile(join(versions, name, 'package.json'), 'utf8'))
  // Of the newest the program itself is the package.
  const program = join(versions, name, bin?.pnpm ?? 'pnpm')
  const folder = await mkdtemp(join(tmpdir(), 'dc-pnpm-'))
  const settings = {
    ...unset,
    DATA_DIR: join(folder, 'data'),
    HOME: folder,
    npm_config_manage_package_manager_versions: 'false',
  }
  const run = (script: string, args: readonly string[] = [], more: Readonly<Record<string, string>> = {}) => {
    const command = /\.[cm]?js$/.test(program) ? [process.execPath, program] : [program]
    const [first = '', ...rest] = [...command, 'run', script, ...args]
    return startProcess(first, rest, { ...settings, ...more }, { cwd: root })
  }
  const ends = async (started: StartedProcess, expected: RegExp) => {
    const { code, signal } = await started.exited
    outputs.push(started.output())
    if (code !== 0) throw new Error(`it ended with ${signal ?? code}`)
    if (!expected.test(started.output())) throw new Error(`it did not say ${expected}`)
  }
  const says = (what: string) => `pnpm ${version}: ${what}`

  await check(says('run env:example'), () => ends(run('env:example'), /Wrote \.env\.example/))
  await check(says('run simulate --help, with its argument'), () => ends(run('simulate', ['--help']), /dm/))
  await check(says('run db:push'), () => ends(run('db:push'), /./))

  const port = await freePort()
  const service = run('start', [], { PORT: String(port) })
  await check(says(`run start, until it is ready on port ${port}`), () => {
    const ended = service.exited.then(() => Promise.reject(new Error('it ended')))
    const answers = waitFor(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, 120_000)
    return Promise.race([answers, ended])
  })
  await check(says('SIGTERM ends it, and leaves no process'), async () => {
    await service.end()
    await assertNoneLeft(service, { folder, withinMs: 30_000 })
  })
  outputs.push(service.output())
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

const before = traces()
const names = globSync('pnpm-*', { cwd: versions }).toSorted()
await check(`there is each version to run with: ${names.join(', ')}`, async () => {
  for (const major of [10, 11, 12])
    if (!names.some((name) => name.startsWith(`pnpm-${major}`)))
      throw new Error(`pnpm ${major}: npm --prefix tools/pnpm ci`)
})
for (const name of names) await checkVersion(name)
await check('nothing was installed', async () => {
  const after = traces()
  if (after.join() !== before.join()) throw new Error(after.join())
})
report(() => `What they wrote:\n${outputs.join('\n----\n')}`)
