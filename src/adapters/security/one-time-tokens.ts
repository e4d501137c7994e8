import { createHash, randomBytes } from 'node:crypto'
import type { OneTimeTokens } from '../../ports/one-time-tokens.ts'

export const oneTimeTokens: OneTimeTokens = {
  make: () => randomBytes(32).toString('base64url'),
  // No salt and no stretching: there is nothing to guess in 256 random bits.
  hash: (token) => createHash('sha256').update(token).digest('hex'),
}
