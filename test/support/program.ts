import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { variables } from '../../src/config/variables.ts'
import {
  assertNoneLeft,
  bearersOf,
  freePort,
  killAll,
  processesOn,
  type StartedProcess,
  startProcess,
  waitFor,
} from './processes.ts'

export { processesOn } from './processes.ts'

export const ROOT = join(import.meta.dirname, '..', '..')

/** The whole of the program's settings. Those not given are set to nothing, which wins over a developer's `.env`. */
export const settings = (given: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(variables.map(({ name }) => [name, ''])),
  // Whoever looks at calls and conversations wants none but their own.
  HISTORY_IMPORT_DAYS: '0',
  HISTORY_SWEEP_MINUTES: '0',
  // An answer that breaks the contract is a 500 then, and no line in a log that nobody reads.
  NODE_ENV: 'test',
  ...given,
})

/** A new folder that goes with the test. As root the data stay in it only if the database's own user can get there. */
export async function dataFolder(t: ExecutionContext, name: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), `dc-${name}-`))
  t.teardown(() => {
    // After a failed test a database may be left on it.
    killAll(processesOn(folder))
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  await chmod(folder, 0o755)
  return folder
}

/** The project with its scripts and sources and the installed packages, where nobody edits a file that `start:dev` watches. */
export async function projectCopy(t: ExecutionContext): Promise<string> {
  const folder = await dataFolder(t, 'project')
  for (const name of ['package.json', 'run.js', 'openapi.yaml', 'src', 'dev']) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** The program gives itself 20 s. */
const GRACE_MS = 30_000

export type ScriptOptions = Readonly<{ args?: readonly string[]; cwd?: string }>
export type Running = Readonly<{ url: string; port: number; process: StartedProcess }>

/** `npm start`, or another script that serves the API, on a free port; ready when this resolves, ended with the test. */
export async function startService(
  t: ExecutionContext,
  given: Readonly<Record<string, string>>,
  script = 'start',
  options: ScriptOptions = {},
): Promise<Running> {
  const port = await freePort()
  const process = startScript(t, script, { ...given, PORT: String(port) }, options)
  const url = `http://localhost:${port}`
  const isReady = () => fetch(`${url}/readyz`).then(({ ok }) => ok)
  await Promise.race([
    waitFor(isReady, 90_000),
    process.exited.then(() => Promise.reject(new Error(`It ended:\n${process.output()}`))),
  ])
  return { url, port, process }
}

/** A script of package.json, as npm runs it; neither it nor what it started outlives the test. */
export function startScript(
  t: ExecutionContext,
  script: string,
  given: Readonly<Record<string, string>>,
  { args = [], cwd = ROOT }: ScriptOptions = {},
): StartedProcess {
  const more = args.length > 0 ? ['--', ...args] : []
  const started = startProcess('npm', ['run', '--silent', script, ...more], settings(given), { cwd })
  const end = async () => {
    // Killing npm does not reach what it runs.
    const timer = setTimeout(() => killAll(bearersOf(started.mark)), GRACE_MS)
    return started.end(GRACE_MS).finally(() => clearTimeout(timer))
  }
  t.teardown(async () => {
    await end()
    await assertNoneLeft(started)
  })
  return { ...started, end }
}
