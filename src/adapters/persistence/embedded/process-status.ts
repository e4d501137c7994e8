import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { errnoOf } from './errno.ts'

/** Says which process has a pid now: another one under the same number has another value. */
export type ProcessStart = string

/** Systems without /proc tell only that a process exists. */
const UNKNOWN_START: ProcessStart = 'unknown'

const hasProc = process.platform === 'linux' && existsSync('/proc/self/stat')

/** Null for a process that is gone. One that ended but was not collected by its parent is gone too. */
export function processStart(pid: number): ProcessStart | null {
  if (!hasProc) return exists(pid) ? UNKNOWN_START : null
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return null
  }
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  if (state === undefined || state === 'Z' || state === 'X') return null
  return fields[19] ?? null
}

/** Whether `kill` finds the pid, so also for a process that ended but was not collected yet. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

/**
 * Whether the process is a PostgreSQL process at work in the folder (each keeps it as its working directory). Without
 * /proc the folder stays unchecked here; whoever goes on to talk to the server asks for it.
 */
export function worksIn(pid: number, folder: string): boolean {
  if (!hasProc) return commandOf(pid).includes('postgres')
  try {
    const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
    return name === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === folder
  } catch (error) {
    // A hardened /proc hides it: then what the server itself answers has to do. Another user's process is not ours.
    return isDenied(error) && maySignal(pid)
  }
}

/** The PostgreSQL processes at work in the folder; none where the system does not tell. */
export function processesIn(folder: string): readonly number[] {
  if (!hasProc) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => processStart(pid) !== null && worksIn(pid, folder))
}

const commandOf = (pid: number): string =>
  spawnSync('ps', ['-p', String(pid), '-o', 'command=']).stdout?.toString() ?? ''

function isDenied(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'EACCES' || errno === 'EPERM'
}

function maySignal(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
