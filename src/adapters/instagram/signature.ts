import { createHmac, timingSafeEqual } from 'node:crypto'
import type { RawWebhook } from '../../ports/channel-adapter.ts'

// Exactly this, and checked before decoding: hex decoding stops silently at the first odd character. Two headers arrive
// joined by a comma and do not match either.
const SIGNATURE = /^sha256=([0-9a-f]{64})$/

/**
 * `X-Hub-Signature-256` over the bytes as they came: Meta signs the escaped-unicode form it sends, which does not survive
 * parsing. Which of an app's secrets signs depends on the login, so every candidate is tried.
 */
export function verifySignature({ body, headers }: RawWebhook, secrets: readonly string[]): number {
  const hex = SIGNATURE.exec(headers['x-hub-signature-256'] ?? '')?.[1]
  if (hex === undefined) return -1
  const given = Buffer.from(hex, 'hex')
  let match = -1
  secrets.forEach((secret, index) => {
    if (secret === '') return
    const isSame = timingSafeEqual(createHmac('sha256', secret).update(body).digest(), given)
    if (isSame && match === -1) match = index
  })
  return match
}
