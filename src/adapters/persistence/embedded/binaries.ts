import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { copyNative, repairNative } from './native-folder.ts'
import { runProgram } from './run-program.ts'
import type { ServerUser } from './server-user.ts'

/** The PostgreSQL that npm installed for this system. */
export type Binaries = Readonly<{ version: string; major: number; nativeDir: string }>

const INSTEAD = 'set DATABASE_URL to a PostgreSQL server'

export function locateBinaries(
  name = `@embedded-postgres/${process.platform}-${process.arch}`,
  resolve: (name: string) => string = createRequire(import.meta.url).resolve,
): Binaries {
  let root: string
  try {
    root = dirname(dirname(resolve(name)))
  } catch (cause) {
    throw noBinaries(
      `There is no PostgreSQL to embed: ${name} is not installed; reinstall without --omit=optional, or ${INSTEAD}.`,
      cause,
    )
  }
  return readBinaries(root)
}

export function readBinaries(packageDir: string): Binaries {
  const manifest: unknown = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'))
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : ''
  return { version, major: Number.parseInt(version, 10), nativeDir: join(packageDir, 'native') }
}

/**
 * The folder the server's user can run the programs of: the installed one, repaired where its install script did not
 * run, or a copy at `copyDir` where that user cannot read it or we cannot repair it. Call it holding the group's lock.
 */
export async function prepareBinaries(binaries: Binaries, copyDir: string, user: ServerUser): Promise<string> {
  const { nativeDir } = binaries
  if (!existsSync(join(nativeDir, 'bin', 'postgres'))) {
    throw noBinaries(`${nativeDir} holds no PostgreSQL: reinstall the npm packages, or ${INSTEAD}.`)
  }
  if (await repairNative(nativeDir)) {
    const trouble = await tryPrograms(nativeDir, user)
    if (trouble === null) return nativeDir
    if (trouble.startError === 'ENOENT') throw doNotRun(nativeDir, 'their system library is missing, as on Alpine')
  }
  if (existsSync(copyDir) && (await tryPrograms(copyDir, user)) === null) return copyDir
  await copyNative(nativeDir, copyDir)
  const trouble = await tryPrograms(copyDir, user)
  if (trouble !== null) throw doNotRun(copyDir, trouble.output || trouble.startError || 'they end at once')
  return copyDir
}

/** Null when both programs run. */
async function tryPrograms(nativeDir: string, user: ServerUser) {
  for (const program of ['postgres', 'initdb']) {
    const end = await runProgram(join(nativeDir, 'bin', program), ['-V'], user)
    if (end.exitCode !== 0) return end
  }
  return null
}

const doNotRun = (folder: string, why: string) =>
  noBinaries(`The PostgreSQL programs in ${folder} do not run on this system (${why}): ${INSTEAD}.`)

const noBinaries = (message: string, cause?: unknown) =>
  new EmbeddedPostgresError('no-binaries', message, cause === undefined ? undefined : { cause })
