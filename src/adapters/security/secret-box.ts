import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { EncryptionKey, SealedPlace, SecretBox, SecretBoxFailure } from '../../ports/secret-box.ts'

const algorithm = 'aes-256-gcm'
const keyBytes = 32
/** Of random bits: with one key, 2^32 values may be sealed before a repeat has a chance of 2^-32 (NIST SP 800-38D, 8.3). */
const ivBytes = 12
const tagBytes = 16
/** version . key id . iv . tag . ciphertext, the last three in base64url */
const sealedForm = /^(v1|v2)\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]*)$/

export class SecretBoxError extends Error {
  override readonly name = 'SecretBoxError'
  readonly code: SecretBoxFailure

  constructor(code: SecretBoxFailure, message: string) {
    super(message)
    this.code = code
  }
}

/** Another one for each value: with the same key, two values of one nonce would give both away. */
export const newNonce = (): Buffer => randomBytes(ivBytes)

/** AES-256-GCM with a ring of keys: the first seals, every one opens. Messages never carry what was sealed. */
export function createSecretBox(keys: readonly EncryptionKey[]): SecretBox {
  const ring = new Map(keys.map(({ id, key }) => [id, Uint8Array.from(key)]))
  if (ring.size !== keys.length) throw new TypeError('two encryption keys have the same id')
  if (keys.some(({ key }) => key.length !== keyBytes)) throw new TypeError(`an encryption key has ${keyBytes} bytes`)
  const [first] = keys

  return {
    keyIds: keys.map(({ id }) => id),

    seal(plaintext, place) {
      if (!first) throw new SecretBoxError('no-key', 'no encryption key is configured (ENCRYPTION_KEYS)')
      const iv = newNonce()
      const cipher = createCipheriv(algorithm, first.key, iv, { authTagLength: tagBytes })
      cipher.setAAD(boundTo('v2', place))
      const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
      return [
        'v2',
        first.id,
        ...[iv, cipher.getAuthTag(), ciphertext].map((part) => Buffer.from(part).toString('base64url')),
      ].join('.')
    },

    open(sealed, place) {
      const [, version, id, iv, tag, ciphertext] = sealedForm.exec(sealed) ?? []
      if (id === undefined || iv === undefined || tag === undefined || ciphertext === undefined) {
        throw new SecretBoxError('malformed', 'not a sealed value of this program')
      }
      const key = ring.get(id)
      if (!key)
        throw new SecretBoxError('unknown-key', `sealed with the key "${id}", which ENCRYPTION_KEYS does not hold`)
      const decipher = createDecipheriv(algorithm, key, Buffer.from(iv, 'base64url'), { authTagLength: tagBytes })
      decipher.setAAD(boundTo(version === 'v1' ? 'v1' : 'v2', place))
      decipher.setAuthTag(Buffer.from(tag, 'base64url'))
      try {
        return decipher.update(ciphertext, 'base64url', 'utf8') + decipher.final('utf8')
      } catch {
        throw new SecretBoxError('tampered', 'the sealed value was changed, or belongs to another place')
      }
    },

    inspect(sealed) {
      const [, version, keyId] = sealedForm.exec(sealed) ?? []
      return keyId === undefined ? null : { keyId, isCurrent: version === 'v2' && keyId === first?.id }
    },
  }
}

/** A list in JSON, so that no two places give the same bytes. */
const boundTo = (version: 'v1' | 'v2', { orgId, table, column, row, formerly }: SealedPlace): Uint8Array =>
  Buffer.from(version === 'v1' ? formerly : JSON.stringify([version, orgId, table, column, ...row]))
