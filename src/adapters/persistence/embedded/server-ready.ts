import { setTimeout as sleep } from 'node:timers/promises'
import { askServer, type ServerAnswer } from './ask-server.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { isRunning, type Postmaster, readPostmasterFile } from './postmaster.ts'

/** Where a ready server listens, and who it says it is. */
export type ReadyServer = Readonly<{ socketDir: string; port: number; answer: ServerAnswer }>

const LOOK_EVERY_MS = 20
/** For a server that is not at work on its start: recovery after a crash may take as long as it needs. */
const PATIENCE_MS = 60_000

/** Waits until the server takes connections; null when it ends instead. */
export async function waitUntilReady(
  dataDir: string,
  postmaster: Postmaster,
  signal?: AbortSignal,
): Promise<ReadyServer | null> {
  let patientUntil = Date.now() + PATIENCE_MS
  while (isRunning(postmaster)) {
    signal?.throwIfAborted()
    const file = readPostmasterFile(dataDir)
    const isItsFile = file?.pid === postmaster.pid
    if (isItsFile && file.status === 'ready' && file.socketDir !== null && file.port !== null) {
      const { socketDir, port } = file
      const answer = await askServer(socketDir, port)
      if (answer !== null) return { socketDir, port, answer }
    }
    if (isItsFile && file.status === 'starting') patientUntil = Date.now() + PATIENCE_MS
    if (Date.now() > patientUntil) {
      throw new EmbeddedPostgresError(
        'start-failed',
        `The database server (pid ${postmaster.pid}) on ${dataDir} runs but does not answer: end it and start again.`,
      )
    }
    await sleep(LOOK_EVERY_MS)
  }
  return null
}
