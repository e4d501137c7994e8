import { createHmac, timingSafeEqual } from 'node:crypto'
import type { SignedRequest } from '../../ports/channel-adapter.ts'
import { asShape, has, readId, readText, readWhole, type Shape } from '../channel-kit/fields.ts'
import { readJson } from '../channel-kit/json.ts'

const FORM = /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{1,8192}$/

const ALGORITHM = 'HMAC-SHA256'

type Payload = Shape<'user_id' | 'issued_at' | 'algorithm'>

/**
 * The form field `signed_request` of Meta's deauthorize and data-deletion callbacks: a signature by either app secret over the
 * payload's text. Nothing inside is read before it has matched. Null for what no secret signs, or says of itself that it was signed
 * in another way.
 */
export function readSignedRequest(body: Uint8Array, secrets: readonly string[]): SignedRequest | null {
  const given = new URLSearchParams(Buffer.from(body).toString('latin1')).get('signed_request') ?? ''
  if (!FORM.test(given)) return null
  const [signature = '', payload = ''] = given.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  let isSigned = false
  for (const secret of secrets) {
    if (secret === '') continue
    const wanted = createHmac('sha256', secret).update(payload).digest()
    if (bytes.length === wanted.length && timingSafeEqual(wanted, bytes)) isSigned = true
  }
  if (!isSigned) return null
  const json = readJson(Buffer.from(payload, 'base64url'))
  const facts = json.ok ? asShape<Payload>(json.value) : null
  const algorithm = facts?.algorithm
  if (has(algorithm) && readText(algorithm)?.toUpperCase() !== ALGORITHM) return null
  const seconds = readWhole(facts?.issued_at)
  return { user: readId(facts?.user_id, 64), issuedAt: seconds === null ? null : new Date(seconds * 1_000) }
}
