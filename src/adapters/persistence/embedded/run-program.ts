import { spawn } from 'node:child_process'
import { type ServerUser, spawnIds } from './server-user.ts'

export type ProgramEnd = Readonly<{
  /** Null when it was ended by a signal or did not start at all. */
  exitCode: number | null
  /** Why it did not start (`ENOENT`, `EACCES`, …), or null. */
  startError: string | null
  output: string
}>

/**
 * The whole environment of the programs we start: what is in ours (`PGPORT`, `LD_LIBRARY_PATH`, a locale the machine
 * does not have) must not change how they behave, and their messages are to be in English.
 */
export const PROGRAM_ENV: Readonly<Record<string, string>> = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' }

/** Runs a program as the server's user until it ends. The working directory is `/`, which every user can be in. */
export function runProgram(file: string, args: readonly string[], user: ServerUser): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const end = (exitCode: number | null, startError: string | null) =>
      resolve({ exitCode, startError, output: Buffer.concat(chunks).toString('utf8').trim() })
    try {
      const child = spawn(file, args, {
        ...spawnIds(user),
        cwd: '/',
        env: PROGRAM_ENV,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
      child.once('error', (error: NodeJS.ErrnoException) => end(null, error.code ?? error.message))
      child.once('close', (code) => end(code, null))
    } catch (error) {
      // Some refusals (too many open files, a user id that does not exist here) are thrown, not emitted.
      end(null, error instanceof Error ? error.message : String(error))
    }
  })
}

/** Whether the server's user gets to the folder, asked of the system itself. */
export async function canReach(folder: string, user: ServerUser): Promise<boolean> {
  const { exitCode } = await runProgram('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], user)
  return exitCode === 0
}
