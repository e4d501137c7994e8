import { createHash, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ApiKeySecrets } from '../../ports/api-keys.ts'

const PREFIX = 'dck_'
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 33 of 62 digits: 196 bits. */
const RANDOM = 33
const CHECK = 6
const FORM = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM + CHECK}}$`)

/** In one word, so that a double click marks all of it. What is mistyped is known by its checksum, which proves nothing else. */
export const apiKeySecrets: ApiKeySecrets = {
  make() {
    const body = PREFIX + Array.from({ length: RANDOM }, () => DIGITS[randomInt(DIGITS.length)]).join('')
    const secret = withChecksum(body)
    return { secret, hash: hash(secret), hint: `${PREFIX}…${secret.slice(-4)}` }
  },
  hashOf(secret) {
    if (!FORM.test(secret)) return null
    return withChecksum(secret.slice(0, -CHECK)) === secret ? hash(secret) : null
  },
}

// No salt and no stretching: there is nothing to guess in 196 random bits.
const hash = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** The whole of a key, from all but its last six digits. */
export const withChecksum = (body: string): string => body + checksum(body)

function checksum(body: string): string {
  let [left, digits] = [crc32(body), '']
  for (let at = 0; at < CHECK; at++) {
    digits = DIGITS[left % DIGITS.length] + digits
    left = Math.floor(left / DIGITS.length)
  }
  return digits
}
