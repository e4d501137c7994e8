import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DEMO_FILE } from '../instagram-simulator/cli-target.ts'
import { DemoFailure } from './demo-failure.ts'

export const USUAL_FOLDER = join(import.meta.dirname, '..', '..', 'data', 'demo')

const LOCK = 'demo.lock'
/** Inside a run: where its data are, if they are elsewhere. */
const ELSEWHERE = 'data'

export type DemoFolder = Readonly<{
  /** For DATA_DIR; new with every run. */
  dataDir: string
  logFile: string
  /** Lets `npm run simulate` find this demo. */
  announce(control: string): Promise<void>
  /** Gives the folder back; the data stay only where somebody should look at them. */
  close(keepData: boolean): Promise<void>
}>

/** A folder of the demo's own, emptied first. One demo at a time: a lock of the kernel's, which cannot outlive its holder. */
export async function openDemoFolder(folder: string): Promise<DemoFolder> {
  const path = resolve(folder)
  try {
    await mkdir(path, { recursive: true })
    const found = await readdir(path)
    if (found.length > 0 && !found.includes(LOCK)) {
      throw new DemoFailure(`${path} is not empty and was not made by a demo: name another folder with --data.`)
    }
    const lock = await takeLock(path)
    for (const name of await readdir(path)) if (!name.startsWith(LOCK)) await remove(join(path, name))
    const run = join(path, `run-${Date.now().toString(36)}`)
    const dataDir = await placeForData(run)
    return {
      dataDir,
      logFile: join(path, 'service.log'),
      announce: (control) => writeFile(join(path, DEMO_FILE), `${JSON.stringify({ control, pid: process.pid })}\n`),
      async close(keepData) {
        await rm(join(path, DEMO_FILE), { force: true })
        if (!keepData) await remove(run)
        lock.close()
      },
    }
  } catch (error) {
    if (error instanceof DemoFailure) throw error
    throw new DemoFailure(
      `The demo's folder cannot be made anew (${(error as Error).message}): delete ${path}, or name another with --data.`,
    )
  }
}

async function takeLock(path: string): Promise<DatabaseSync> {
  const lock = new DatabaseSync(join(path, LOCK))
  try {
    lock.exec('pragma journal_mode = memory')
    lock.exec('begin exclusive')
    return lock
  } catch {
    lock.close()
    const { pid } = JSON.parse(await readFile(join(path, DEMO_FILE), 'utf8').catch(() => '{}')) as { pid?: number }
    throw new DemoFailure(
      `Another demo is running${pid === undefined ? '' : ` (process ${pid})`}: end it with Ctrl-C, ` +
        'or give this one a folder of its own: npm run demo -- --data FOLDER',
    )
  }
}

/**
 * As root the database runs as an ordinary user, who has to get to its data: below a closed folder, such as root's
 * home, they go elsewhere, and a link in the run's folder says where.
 */
async function placeForData(run: string): Promise<string> {
  await mkdir(run)
  await chmod(run, 0o755)
  if (process.getuid?.() !== 0 || (await isOpenToOthers(run))) return run
  for (const place of ['/var/lib/delightchat', tmpdir()]) {
    try {
      await mkdir(place, { recursive: true, mode: 0o711 })
      const made = await mkdtemp(join(place, 'demo-'))
      await chmod(made, 0o711)
      await symlink(made, join(run, ELSEWHERE))
      if (await isOpenToOthers(made)) return made
      await remove(join(run, ELSEWHERE))
    } catch {
      // Read-only perhaps; there is one more place, and the run's own folder.
    }
  }
  return run
}

async function isOpenToOthers(path: string): Promise<boolean> {
  if (((await stat(path)).mode & 0o001) === 0) return false
  return path === dirname(path) || isOpenToOthers(dirname(path))
}

async function remove(path: string): Promise<void> {
  const target = await readlink(basename(path) === ELSEWHERE ? path : join(path, ELSEWHERE)).catch(() => null)
  if (target !== null && basename(target).startsWith('demo-'))
    await rm(target, { recursive: true, force: true, maxRetries: 5 })
  await rm(path, { recursive: true, force: true, maxRetries: 5 })
}
