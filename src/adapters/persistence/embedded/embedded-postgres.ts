import { mkdir } from 'node:fs/promises'
import { type Binaries, locateBinaries } from './binaries.ts'
import { bringBack, bringUp, type Site, siteOf } from './bring-up.ts'
import { chooseDataFolder, inspectDataFolder, refuseUnreachable } from './data-folder.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { tryWithGroupLock, withGroupLock } from './group-lock.ts'
import { leaveGroup } from './leave-group.ts'
import { countMembers, enter } from './members.ts'
import { isRunning } from './postmaster.ts'
import { serverUser } from './server-user.ts'
import { watchServer } from './watch-server.ts'

export type EmbeddedPostgres = Readonly<{
  /** Folder of the unix socket; with `port` it names the server to a client (`host: socketDir`). */
  socketDir: string
  port: number
  /** The cluster's superuser, for migrations only. */
  adminUser: 'bootstrap'
  /** Where the data are: the folder asked for, or the fallback folder. */
  dataDir: string
  /** The pid of the running server, or null while there is none. */
  pid(): number | null
  /** Leaves the group of processes on this folder; the last one to leave stops the server. Idempotent. */
  close(): Promise<void>
}>

export type EmbeddedPostgresLog = Readonly<{ info(message: string): void; warn(message: string): void }>

export type EmbeddedPostgresOptions = Readonly<{ dataDir: string; log: EmbeddedPostgresLog }>

/** What only tests set otherwise. */
export type Surroundings = Readonly<{ binaries: () => Binaries; fallbackRoot: string }>

const SURROUNDINGS: Surroundings = { binaries: locateBinaries, fallbackRoot: '/var/lib/delightchat' }

/**
 * Joins the server that all processes on one data folder share, starting it where none runs. It is brought back when it
 * dies and outlives a member that is killed: the next start takes it over. Fails with an EmbeddedPostgresError only.
 */
export function startEmbeddedPostgres({ dataDir, log }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  return joinServer({ dataDir, log }, SURROUNDINGS)
}

export async function joinServer(
  options: EmbeddedPostgresOptions,
  surroundings: Surroundings,
): Promise<EmbeddedPostgres> {
  try {
    return await join(await openSite(options, surroundings), options.log)
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    const message = `The embedded database on ${options.dataDir} could not be started: ${reason}`
    throw new EmbeddedPostgresError('start-failed', message, { cause: error })
  }
}

/** Refuses what cannot work before anything is made. */
async function openSite(options: EmbeddedPostgresOptions, surroundings: Surroundings): Promise<Site> {
  const user = serverUser()
  const binaries = surroundings.binaries()
  const { dataDir, isFallback } = await chooseDataFolder(options.dataDir, surroundings.fallbackRoot, user)
  const state = await inspectDataFolder(dataDir, binaries.major, user)
  if (state === 'ready') await refuseUnreachable(dataDir, user)
  if (isFallback) {
    options.log.info(
      `Root starts the database as user ${user.uid}, who cannot get to ${options.dataDir}: the data are in ${dataDir}.`,
    )
  }
  const site = siteOf(dataDir, binaries, surroundings.fallbackRoot, user)
  await mkdir(site.runDir, { recursive: true, mode: 0o700 })
  return site
}

async function join(site: Site, log: EmbeddedPostgresLog): Promise<EmbeddedPostgres> {
  const onWait = () => log.info(`Another process is starting or stopping the database on ${site.dataDir}: waiting.`)
  const { running, member } = await withGroupLock(site.runDir, onWait, async () => {
    const up = await bringUp(site)
    const others = countMembers(site.runDir)
    const how = up.how === 'started' ? 'started' : others > 0 ? 'joined' : 'taken over from a process that was killed'
    log.info(`Database server on ${site.dataDir} ${how} (pid ${up.postmaster.pid}).`)
    return { running: up, member: enter(site.runDir) }
  })
  let postmaster = running.postmaster
  let closing: Promise<void> | null = null

  const onStart = () => log.warn(`The database server (pid ${postmaster.pid}) died: starting it again.`)
  const watch = watchServer(
    () => isRunning(postmaster),
    async (signal) => {
      await tryWithGroupLock(site.runDir, async () => {
        postmaster = await bringBack(site, running.place, onStart, signal)
      })
    },
    (error) => log.warn(`The database server could not be started again: ${String(error)}`),
  )

  return {
    ...running.place,
    adminUser: 'bootstrap',
    dataDir: site.dataDir,
    pid: () => (isRunning(postmaster) ? postmaster.pid : null),
    close: () => {
      closing ??= watch.stop().then(() => leaveGroup(site, running.place, member, () => postmaster, log, onWait))
      return closing
    },
  }
}
