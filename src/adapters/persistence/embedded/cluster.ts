import { chmod, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { runProgram } from './run-program.ts'
import { giveTo, type ServerUser } from './server-user.ts'

/** The system's C.UTF-8, and where it has none (older macOS) PostgreSQL's own. */
const LOCALES: readonly (readonly string[])[] = [
  ['--locale=C.UTF-8'],
  ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
]

/**
 * Makes a new cluster. It is built beside its place and renamed, so that the folder is either complete or as it was,
 * even if we are killed in between. Call it holding the group's lock.
 */
export async function makeCluster(
  dataDir: string,
  nativeDir: string,
  user: ServerUser,
  locales = LOCALES,
): Promise<void> {
  const draft = await mkdtemp(draftPrefix(dataDir))
  try {
    await chmod(draft, 0o700)
    await giveTo(user, draft)
    await initialize(draft, nativeDir, user, locales)
    await rename(draft, dataDir)
    await syncFolder(dirname(dataDir))
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
}

async function initialize(draft: string, nativeDir: string, user: ServerUser, locales: typeof LOCALES): Promise<void> {
  let output = ''
  for (const locale of locales) {
    const end = await runProgram(
      join(nativeDir, 'bin', 'initdb'),
      // Nobody but the folder's user reaches the socket, hence `trust`.
      ['-D', draft, '-U', 'bootstrap', '-A', 'trust', '-E', 'UTF8', '--data-checksums', '--no-instructions', ...locale],
      user,
    )
    if (end.exitCode === 0) return
    output = end.startError ?? end.output
    if (!/locale/i.test(errorLines(output))) break
  }
  if (/user does not exist/.test(output)) {
    throw new EmbeddedPostgresError(
      'start-failed',
      `PostgreSQL wants its user to have a name, and user ${user.uid} has none here: add it to /etc/passwd, or set ` +
        'DATABASE_URL to a PostgreSQL server.',
    )
  }
  throw new EmbeddedPostgresError('start-failed', `The database could not be created: ${errorLines(output) || output}`)
}

/** Removes what a process left that was killed while it made a cluster. Call it holding the group's lock. */
export async function sweepDrafts(dataDir: string): Promise<void> {
  const parent = dirname(dataDir)
  for (const name of await readdir(parent)) {
    if (!name.startsWith(basename(draftPrefix(dataDir)))) continue
    // An orphaned initdb may still be filling it, and ends when it fails.
    await rm(join(parent, name), { recursive: true, force: true, maxRetries: 5 }).catch(() => {})
  }
}

const draftPrefix = (dataDir: string) => `${dataDir}.init-`

/** initdb tells all it does; only what went wrong is of use. */
const errorLines = (output: string): string =>
  output
    .split('\n')
    .filter((line) => /error|fatal|could not/i.test(line))
    .join('; ')

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
