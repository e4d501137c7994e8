import { lstatSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { canReach } from './run-program.ts'
import { giveTo, type ServerUser } from './server-user.ts'

/** Names the socket's file; nothing listens on the network. */
export const SOCKET_PORT = 5432

/** A socket's address holds 104 bytes on macOS and 108 on Linux, a closing zero byte included. */
const MAX_SOCKET_PATH_BYTES = 103

const PREFIX = 'delightchat-pg-'

/**
 * The folder for the server's socket: the data folder itself, which is closed to others already, or, where its path is
 * too long for a socket, a short private one. `previous` is where the socket was before; what is left there is reused.
 */
export async function openSocketFolder(dataDir: string, previous: string | null, user: ServerUser): Promise<string> {
  if (previous === dataDir || (previous === null && fits(dataDir))) return dataDir
  if (previous !== null) {
    if (isPrivateFolder(previous, user)) return previous
    if (isShortFolder(previous) && (await makePrivateFolder(previous, user))) return previous
  }
  if (fits(dataDir)) return dataDir
  for (const parent of [tmpdir(), '/tmp', '/var/tmp']) {
    if (!fits(join(parent, `${PREFIX}XXXXXX`)) || !(await canReach(parent, user))) continue
    const folder = await mkdtemp(join(parent, PREFIX))
    await giveTo(user, folder)
    return folder
  }
  throw new EmbeddedPostgresError(
    'start-failed',
    `The path ${dataDir} is too long for a socket, and no temporary folder can take it: choose a shorter DATA_DIR.`,
  )
}

/** Removes a short folder once its server is gone. */
export async function removeSocketFolder(socketDir: string | null, user: ServerUser): Promise<void> {
  if (socketDir === null || !isShortFolder(socketDir) || !isPrivateFolder(socketDir, user)) return
  await rm(socketDir, { recursive: true, force: true })
}

const isShortFolder = (folder: string): boolean => basename(folder).startsWith(PREFIX)

const fits = (folder: string): boolean =>
  Buffer.byteLength(join(folder, `.s.PGSQL.${SOCKET_PORT}`)) <= MAX_SOCKET_PATH_BYTES

/** Whether it is a real folder, the server's user's own and nobody else's: temporary folders are open to everybody. */
function isPrivateFolder(folder: string, user: ServerUser): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false })
  return found?.isDirectory() === true && found.uid === user.uid && (found.mode & 0o777) === 0o700
}

/** False when something else has that name by now. */
async function makePrivateFolder(folder: string, user: ServerUser): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 })
    await chmod(folder, 0o700)
    await giveTo(user, folder)
    return true
  } catch {
    return false
  }
}
