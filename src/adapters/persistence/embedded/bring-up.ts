import { realpath } from 'node:fs/promises'
import { askServer } from './ask-server.ts'
import { type Binaries, prepareBinaries } from './binaries.ts'
import { makeCluster, sweepDrafts } from './cluster.ts'
import { chooseCopyFolder, inspectDataFolder } from './data-folder.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { findPostmaster, type Postmaster, readPostmasterFile } from './postmaster.ts'
import { startServer } from './server.ts'
import { waitUntilReady } from './server-ready.ts'
import type { ServerUser } from './server-user.ts'
import { openSocketFolder, SOCKET_PORT } from './socket-folder.ts'

/** One data folder and what its servers are started with. */
export type Site = Readonly<{
  dataDir: string
  runDir: string
  logPath: string
  binaries: Binaries
  fallbackRoot: string
  user: ServerUser
}>

export type Place = Readonly<{ socketDir: string; port: number }>

export type Running = Readonly<{ postmaster: Postmaster; place: Place; how: 'found' | 'started' }>

export const siteOf = (dataDir: string, binaries: Binaries, fallbackRoot: string, user: ServerUser): Site => ({
  dataDir,
  runDir: `${dataDir}.run`,
  logPath: `${dataDir}.log`,
  binaries,
  fallbackRoot,
  user,
})

/** The server on the folder: the one at work, or a new one. Call it holding the group's lock. */
export async function bringUp(site: Site): Promise<Running> {
  const found = await findServer(site)
  if (found !== null) return found
  // Before anything is made, and once more: what there was may have changed while we waited for the lock.
  const state = await inspectDataFolder(site.dataDir, site.binaries.major, site.user)
  const nativeDir = await prepare(site)
  await sweepDrafts(site.dataDir)
  if (state === 'to-be-made') await makeCluster(site.dataDir, nativeDir, site.user)
  const previous = readPostmasterFile(site.dataDir)?.socketDir ?? null
  const socketDir = await openSocketFolder(site.dataDir, previous, site.user)
  return await start(site, nativeDir, { socketDir, port: SOCKET_PORT })
}

/** Starts a server that died in the place where its clients look for it, unless another member did. */
export async function bringBack(
  site: Site,
  place: Place,
  onStart: () => void,
  signal: AbortSignal,
): Promise<Postmaster> {
  const found = await findServer(site, signal)
  if (found !== null) return found.postmaster
  if ((await inspectDataFolder(site.dataDir, site.binaries.major, site.user)) === 'to-be-made') {
    throw new EmbeddedPostgresError('start-failed', `The data in ${site.dataDir} are gone.`)
  }
  onStart()
  const nativeDir = await prepare(site)
  if ((await openSocketFolder(site.dataDir, place.socketDir, site.user)) !== place.socketDir) {
    throw new EmbeddedPostgresError('start-failed', `Something else is in the socket's place, ${place.socketDir}.`)
  }
  return (await start(site, nativeDir, place, signal)).postmaster
}

const prepare = async ({ binaries, dataDir, fallbackRoot, user }: Site) =>
  prepareBinaries(binaries, await chooseCopyFolder(dataDir, binaries.version, fallbackRoot, user), user)

async function start(site: Site, nativeDir: string, place: Place, signal?: AbortSignal): Promise<Running> {
  const { dataDir, logPath, user } = site
  const postmaster = await startServer({ dataDir, nativeDir, ...place, logPath, user }, signal)
  return { postmaster, place, how: 'started' }
}

async function findServer(site: Site, signal?: AbortSignal): Promise<Running | null> {
  const postmaster = findPostmaster(site.dataDir)
  if (postmaster === null) {
    await refuseUnseen(site)
    return null
  }
  const itsFolder = readPostmasterFile(site.dataDir)?.dataDir ?? null
  if (itsFolder !== null) await refuseStranger(site, itsFolder)
  const ready = await waitUntilReady(site.dataDir, postmaster, signal)
  if (ready === null) return null
  await refuseStranger(site, ready.answer.dataDirectory, ready.answer.major)
  return { postmaster, place: { socketDir: ready.socketDir, port: ready.port }, how: 'found' }
}

/**
 * Two containers may share the folder and not see each other's processes, and neither does PostgreSQL's own check then.
 * Two servers on one folder destroy it.
 */
async function refuseUnseen({ dataDir }: Site): Promise<void> {
  const file = readPostmasterFile(dataDir)
  if (file === null || file.socketDir === null || file.port === null) return
  if ((await askServer(file.socketDir, file.port)) === null) return
  throw new EmbeddedPostgresError(
    'in-use',
    `A server that we cannot see (in another container?) is at work on ${dataDir}: stop it, or set DATABASE_URL.`,
  )
}

async function refuseStranger({ dataDir, binaries }: Site, itsFolder: string, major = binaries.major): Promise<void> {
  const folder = await realpath(itsFolder).catch(() => itsFolder)
  if (folder === dataDir && major === binaries.major) return
  throw new EmbeddedPostgresError(
    'in-use',
    `The server at work in ${dataDir} was started as PostgreSQL ${major} on ${itsFolder}: stop it and start again.`,
  )
}
