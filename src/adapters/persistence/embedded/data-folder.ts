import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { errnoOf } from './errno.ts'
import { canReach } from './run-program.ts'
import type { ServerUser } from './server-user.ts'

const holdsCluster = (folder: string) => existsSync(join(folder, 'PG_VERSION'))

/** The same folder by whatever path it is named, without creating anything. */
export async function canonicalPath(path: string): Promise<string> {
  const absolute = resolve(path)
  try {
    return await realpath(absolute)
  } catch (error) {
    const parent = dirname(absolute)
    if (errnoOf(error) !== 'ENOENT' || parent === absolute) throw error
    return join(await canonicalPath(parent), basename(absolute))
  }
}

/**
 * The folder the data go to: the wanted one, or, where the server's user cannot get there (root's home is closed to
 * others), one below `fallbackRoot`. Data that exist decide: no second database is ever made beside them.
 */
export async function chooseDataFolder(
  wanted: string,
  fallbackRoot: string,
  user: ServerUser,
): Promise<{ dataDir: string; isFallback: boolean }> {
  const folder = await canonicalPath(wanted)
  if (!user.dropped) return { dataDir: folder, isFallback: false }
  const fallback = await fallbackOf(folder, fallbackRoot)
  if (holdsCluster(fallback) && !holdsCluster(folder)) return { dataDir: fallback, isFallback: true }
  if (existsSync(folder) && !(await isEmptyFolder(folder))) return { dataDir: folder, isFallback: false }
  await mkdir(dirname(folder), { recursive: true })
  if (await canReach(dirname(folder), user)) return { dataDir: folder, isFallback: false }
  await makeParents(fallback)
  return { dataDir: fallback, isFallback: true }
}

/** What a shell reads within double quotes: initdb has one run `postgres` by its path, and does not escape it. */
const READ_BY_SHELLS = /["$`\\]/

/** Where a copy of the programs goes: beside the data, or below `fallbackRoot` where initdb could not run from there. */
export async function chooseCopyFolder(
  dataDir: string,
  version: string,
  fallbackRoot: string,
  user: ServerUser,
): Promise<string> {
  const isSafe = !READ_BY_SHELLS.test(dataDir)
  const base = isSafe || !user.dropped ? dataDir : await fallbackOf(dataDir, fallbackRoot)
  if (base !== dataDir) await makeParents(base)
  return `${base}.bin-${version}`
}

async function fallbackOf(folder: string, fallbackRoot: string): Promise<string> {
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 16)
  return join(await canonicalPath(fallbackRoot), hash, basename(folder))
}

async function makeParents(fallback: string): Promise<void> {
  await makePassable(dirname(dirname(fallback)))
  await makePassable(dirname(fallback))
}

/** Refuses a folder that cannot be ours, changing nothing. Returns whether a cluster has still to be made in it. */
export async function inspectDataFolder(
  dataDir: string,
  major: number,
  user: ServerUser,
): Promise<'to-be-made' | 'ready'> {
  try {
    if (!existsSync(dataDir) || (await isEmptyFolder(dataDir))) return 'to-be-made'
    if (!holdsCluster(dataDir)) {
      throw new EmbeddedPostgresError(
        'not-ours',
        `${dataDir} is not empty and holds no PostgreSQL data: choose another DATA_DIR, or set DATABASE_URL.`,
      )
    }
    const found = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim()
    if (found !== String(major)) {
      throw new EmbeddedPostgresError(
        'other-major',
        `${dataDir} was made by PostgreSQL ${found}, and this program brings ${major}: run the version that made it, ` +
          `or dump its data there and load them into a new DATA_DIR.`,
      )
    }
    const owner = (await stat(dataDir)).uid
    if (owner !== user.uid) throw otherOwner(dataDir, `belongs to user ${owner}`, user)
    return 'ready'
  } catch (error) {
    if (errnoOf(error) === 'EACCES') throw otherOwner(dataDir, 'is closed to us', user)
    throw error
  }
}

/** Refuses data that the server's user, who owns them, can no longer get to. */
export async function refuseUnreachable(dataDir: string, user: ServerUser): Promise<void> {
  if (!user.dropped || (await canReach(dirname(dataDir), user))) return
  throw new EmbeddedPostgresError(
    'unreachable',
    `User ${user.uid}, whom the database runs as, cannot get to ${dirname(dataDir)}: open it and the folders above it ` +
      `to others (chmod o+x), or choose another DATA_DIR.`,
  )
}

function otherOwner(dataDir: string, what: string, user: ServerUser): EmbeddedPostgresError {
  const who = user.dropped ? `root starts the database as user ${user.uid}` : `we are user ${user.uid}`
  return new EmbeddedPostgresError(
    'other-owner',
    `${dataDir} ${what}, and ${who}: start it as the user who made it, or choose another DATA_DIR.`,
  )
}

async function isEmptyFolder(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return false
    throw error
  }
}

/** Whatever the umask. Others may pass through it, not list it. */
async function makePassable(folder: string): Promise<void> {
  if (existsSync(folder)) return
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o711)
}
