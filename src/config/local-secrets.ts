import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { EncryptionKey } from '../ports/secret-box.ts'
import { parseKeyRing } from './formats.ts'

export type LocalSecrets = Readonly<{
  file: string
  /** False where another start, or another process just now, had made them. */
  made: boolean
  /** Others than the owner may read the file. */
  exposed: boolean
  sessionSecret: string
  encryptionKeys: readonly EncryptionKey[]
}>

export class LocalSecretsError extends Error {
  override readonly name = 'LocalSecretsError'
}

/**
 * The secrets of an installation that was given none: made once, in `secrets.json` (mode 0600) in its data folder, and never
 * overwritten, since what they encrypted is lost without them. Processes that start at once agree on one file.
 */
export function loadOrCreateLocalSecrets(dataDir: string): LocalSecrets {
  const file = join(dataDir, 'secrets.json')
  try {
    const existing = read(file)
    if (existing) return { ...existing, made: false }
    mkdirSync(dataDir, { recursive: true })
    const made = create(file)
    const secrets = read(file)
    if (!secrets) throw new LocalSecretsError(`${file} was removed while it was being made`)
    return { ...secrets, made }
  } catch (error) {
    if (error instanceof LocalSecretsError) throw error
    throw new LocalSecretsError(`${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function read(file: string): Omit<LocalSecrets, 'made'> | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  }
  const { sessionSecret, encryptionKeys } = parse(text)
  const keys = typeof encryptionKeys === 'string' ? parseKeyRing(encryptionKeys) : null
  if (typeof sessionSecret !== 'string' || sessionSecret.length < 32 || !keys) {
    throw new LocalSecretsError(
      `${file} is damaged: put back a copy of it; nothing was changed (without it, stored credentials cannot be read)`,
    )
  }
  return { file, exposed: (statSync(file).mode & 0o077) !== 0, sessionSecret, encryptionKeys: keys }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** Writes a file of its own and links it into place: the name appears with its whole content, or not at all. */
function create(file: string): boolean {
  const draft = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`
  const secrets = {
    sessionSecret: randomBytes(32).toString('hex'),
    encryptionKeys: `local:${randomBytes(32).toString('base64')}`,
  }
  try {
    const handle = openSync(draft, 'wx', 0o600)
    try {
      writeSync(handle, `${JSON.stringify(secrets, null, 2)}\n`)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    return place(draft, file)
  } finally {
    rmSync(draft, { force: true })
  }
}

function place(draft: string, file: string): boolean {
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].some((code) => hasCode(error, code))) throw error
  }
  // A file system without hard links.
  try {
    copyFileSync(draft, file, constants.COPYFILE_EXCL)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
