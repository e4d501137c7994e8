import { createHmac } from 'node:crypto'

/** Meta's JSON: ASCII only, `\uXXXX` in lower-case hex, slashes escaped. */
export const toWire = (value: unknown): Buffer =>
  Buffer.from(
    JSON.stringify(value)
      .replaceAll('/', '\\/')
      .replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    'ascii',
  )

const hmac = (algorithm: string, body: Uint8Array, secret: string): string =>
  createHmac(algorithm, secret).update(body).digest('hex')

/** Both signatures Meta sends, over exactly these bytes. */
export const signatureHeaders = (body: Uint8Array, secret: string): Record<string, string> => ({
  'X-Hub-Signature': `sha1=${hmac('sha1', body, secret)}`,
  'X-Hub-Signature-256': `sha256=${hmac('sha256', body, secret)}`,
})
