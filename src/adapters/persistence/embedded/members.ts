import { randomUUID } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type KernelLock, tryLock } from './kernel-lock.ts'

/** One use of the server: a file that is locked for as long as its process lives. */
export type Member = Readonly<{ path: string; lock: KernelLock }>

const PREFIX = 'member-'

/** Call these three only while holding the group's lock. The pid in the name is for people to read. */
export function enter(runDir: string): Member {
  const path = join(runDir, `${PREFIX}${process.pid}-${randomUUID()}`)
  const lock = tryLock(path)
  if (lock === null) throw new Error(`A new file is locked already: ${path}`)
  return { path, lock }
}

export function leave(member: Member): void {
  rmSync(member.path, { force: true })
  member.lock.release()
}

/** How many uses there are, ours included. Files of processes that ended without leaving are removed. */
export function countMembers(runDir: string): number {
  let alive = 0
  for (const name of readdirSync(runDir)) {
    if (!name.startsWith(PREFIX)) continue
    const path = join(runDir, name)
    const lock = tryLock(path)
    if (lock === null) alive += 1
    else {
      rmSync(path, { force: true })
      lock.release()
    }
  }
  return alive
}
