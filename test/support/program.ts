import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { variables } from '../../src/config/variables.ts'
import { assertNoneLeft, freePort, type StartedProcess, startProcess, waitFor } from './processes.ts'

export const ROOT = join(import.meta.dirname, '..', '..')

/** The whole of the program's settings. Those not given are set to nothing, which wins over a developer's `.env`. */
export const settings = (given: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(variables.map(({ name }) => [name, ''])),
  ...given,
})

/** A new folder that goes with the test. As root the data stay in it only if the database's own user can get there. */
export async function dataFolder(t: ExecutionContext, name: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), `dc-${name}-`))
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
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
  t.teardown(async () => {
    await started.end()
    await assertNoneLeft(started)
  })
  return started
}

/** Every process whose command line names the folder, as the database's does. Linux only. */
export function processesOn(folder: string): readonly string[] {
  if (!existsSync('/proc/self/cmdline')) return []
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      return command.includes(folder) ? [`${pid} ${command}`] : []
    } catch {
      return []
    }
  })
}
