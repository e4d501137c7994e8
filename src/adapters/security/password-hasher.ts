import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { PasswordHasher } from '../../ports/password-hasher.ts'

type Cost = Readonly<{ memoryKib: number; passes: number; lanes: number }>

/** OWASP's second choice for argon2id; about 30 ms. */
const cost: Cost = { memoryKib: 19_456, passes: 2, lanes: 1 }
const saltBytes = 16
const hashBytes = 32
const phcForm =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

type Argon2id = (work: Argon2Parameters) => Promise<Buffer>
const byNode: Argon2id = promisify(argon2).bind(null, 'argon2id')

export function createPasswordHasher(argon2id: Argon2id = byNode): PasswordHasher {
  const dummySalt = randomBytes(saltBytes)

  /** NFKC, so that the same password typed on another keyboard layout or system is the same bytes (NIST SP 800-63B). */
  function derive(password: string, nonce: Uint8Array, { memoryKib, passes, lanes }: Cost, tagLength: number) {
    const message = Buffer.from(password.normalize('NFKC'))
    return argon2id({ message, nonce, memory: memoryKib, passes, parallelism: lanes, tagLength })
  }

  return {
    async hash(password) {
      const salt = randomBytes(saltBytes)
      return toPhc(salt, await derive(password, salt, cost, hashBytes))
    },

    async verify(password, storedHash) {
      const [, memory, passes, lanes, salt, expected] = phcForm.exec(storedHash) ?? []
      if (salt === undefined || expected === undefined) return false
      const stored = Buffer.from(expected, 'base64')
      const storedCost = { memoryKib: Number(memory), passes: Number(passes), lanes: Number(lanes) }
      if (!isPayable(storedCost)) return false
      const actual = await derive(password, Buffer.from(salt, 'base64'), storedCost, stored.length)
      return timingSafeEqual(actual, stored)
    },

    async verifyDummy(password) {
      await derive(password, dummySalt, cost, hashBytes)
      return false
    },
  }
}

/** What argon2 accepts, and no more than 256 MiB: a stored hash must not be able to exhaust the process. */
function isPayable({ memoryKib, passes, lanes }: Cost): boolean {
  return passes >= 1 && lanes >= 1 && memoryKib >= 8 * lanes && memoryKib <= 262_144
}

function toPhc(salt: Buffer, hash: Buffer): string {
  const [saltText, hashText] = [salt, hash].map((bytes) => bytes.toString('base64').replace(/=+$/, ''))
  return `$argon2id$v=19$m=${cost.memoryKib},t=${cost.passes},p=${cost.lanes}$${saltText}$${hashText}`
}
