import { lstatSync } from 'node:fs'
import { chmod, constants, cp, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { errnoOf } from './errno.ts'

type Link = Readonly<{ source: string; target: string }>

const MAY_NOT_WRITE = new Set(['EACCES', 'EPERM', 'EROFS'])

/**
 * Does what the package's install script does, for installations that skip such scripts: npm packages cannot carry the
 * symbolic links between the library versions. False when something is missing and we may not write there.
 */
export async function repairNative(nativeDir: string): Promise<boolean> {
  try {
    for (const { source, target } of await readLinks(nativeDir)) {
      const link = join(dirname(nativeDir), target)
      if (isThere(link)) continue
      await symlink(relative(dirname(target), source), link).catch((error: unknown) => {
        // Another process was faster.
        if (errnoOf(error) !== 'EEXIST') throw error
      })
    }
    for (const program of await readdir(join(nativeDir, 'bin'))) {
      const path = join(nativeDir, 'bin', program)
      if (((await stat(path)).mode & 0o111) !== 0o111) await chmod(path, 0o755)
    }
    return true
  } catch (error) {
    if (MAY_NOT_WRITE.has(errnoOf(error) ?? '')) return false
    throw error
  }
}

/** A copy that every user can read, complete or not there at all. Replaces earlier copies beside it. */
export async function copyNative(nativeDir: string, copyDir: string): Promise<void> {
  const family = copyDir.slice(0, copyDir.lastIndexOf('.bin-') + '.bin-'.length)
  for (const name of await readdir(dirname(copyDir))) {
    if (name.startsWith(basename(family))) await rm(join(dirname(copyDir), name), { recursive: true, force: true })
  }
  const draft = await mkdtemp(`${family}draft-`)
  // The folder inside has the package's own name, for the list of links names files from above it.
  const copy = join(draft, 'native')
  await cp(nativeDir, copy, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
  await repairNative(copy)
  await openToAll(copy)
  await rename(copy, copyDir)
  await rm(draft, { recursive: true })
}

async function readLinks(nativeDir: string): Promise<readonly Link[]> {
  try {
    const list: Link[] = JSON.parse(await readFile(join(nativeDir, 'pg-symlinks.json'), 'utf8'))
    return list
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(path, 0o755)
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644)
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
