import { createHmac } from 'node:crypto'

/** As Standard Webhooks writes a secret: `whsec_` and 24 to 64 bytes in base64. */
export const CALLBACK_SECRET = '^whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'

type Signed = Readonly<{ id: string; at: Date; body: string }>

/**
 * The headers of a signed call, by https://www.standardwebhooks.com: HMAC-SHA256 over id, seconds and body. Whoever checks them
 * refuses what is older than a few minutes, and takes an id once.
 */
export function signedHeaders(secret: string, { id, at, body }: Signed): Readonly<Record<string, string>> {
  const seconds = Math.floor(at.getTime() / 1000)
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` }
}
