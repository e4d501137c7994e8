import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { EncryptionKey, SecretBox, SecretBoxFailure } from '../../ports/secret-box.ts'

const algorithm = 'aes-256-gcm'
const keyBytes = 32
const ivBytes = 12
const tagBytes = 16
/** version . key id . iv . tag . ciphertext, the last three in base64url */
const sealedForm = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]*)$/

export class SecretBoxError extends Error {
  override readonly name = 'SecretBoxError'
  readonly code: SecretBoxFailure

  constructor(code: SecretBoxFailure, message: string) {
    super(message)
    this.code = code
  }
}

/** AES-256-GCM with a ring of keys: the first seals, every one opens. Messages never carry what was sealed. */
export function createSecretBox(keys: readonly EncryptionKey[]): SecretBox {
  const ring = new Map(keys.map(({ id, key }) => [id, Uint8Array.from(key)]))
  if (ring.size !== keys.length) throw new TypeError('two encryption keys have the same id')
  if (keys.some(({ key }) => key.length !== keyBytes)) throw new TypeError(`an encryption key has ${keyBytes} bytes`)

  return {
    seal(plaintext, context) {
      const first = keys[0]
      if (!first) throw new SecretBoxError('no-key', 'no encryption key is configured (ENCRYPTION_KEYS)')
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv(algorithm, first.key, iv, { authTagLength: tagBytes })
      cipher.setAAD(Buffer.from(context))
      const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
      return ['v1', first.id, ...[iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString('base64url'))].join(
        '.',
      )
    },

    open(sealed, context) {
      const [, id, iv, tag, ciphertext] = sealedForm.exec(sealed) ?? []
      if (id === undefined || iv === undefined || tag === undefined || ciphertext === undefined) {
        throw new SecretBoxError('malformed', 'not a sealed value of this program')
      }
      const key = ring.get(id)
      if (!key)
        throw new SecretBoxError('unknown-key', `sealed with the key "${id}", which ENCRYPTION_KEYS does not hold`)
      const decipher = createDecipheriv(algorithm, key, Buffer.from(iv, 'base64url'), { authTagLength: tagBytes })
      decipher.setAAD(Buffer.from(context))
      decipher.setAuthTag(Buffer.from(tag, 'base64url'))
      try {
        return decipher.update(ciphertext, 'base64url', 'utf8') + decipher.final('utf8')
      } catch {
        throw new SecretBoxError('tampered', 'the sealed value was changed, or belongs to another context')
      }
    },
  }
}
