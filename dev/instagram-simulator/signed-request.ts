import { createHmac } from 'node:crypto'

/** The body of Meta's deauthorize and data-deletion callbacks: a form with one field. */
export function signedRequest(appSecret: string, userId: string, at: Date): URLSearchParams {
  const facts = { algorithm: 'HMAC-SHA256', issued_at: Math.floor(at.getTime() / 1_000), user_id: userId }
  const payload = Buffer.from(JSON.stringify(facts)).toString('base64url')
  const signature = createHmac('sha256', appSecret).update(payload).digest('base64url')
  return new URLSearchParams({ signed_request: `${signature}.${payload}` })
}
