import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { DeliveryAttempt } from './types.ts'
import { signatureHeaders } from './wire.ts'

export const WEBHOOK_API_VERSION = 'v26.0'

/** Headers as recorded from Meta's own deliveries. */
export const webhookHeaders = (body: Uint8Array, secret: string): Record<string, string> => ({
  'Content-Type': 'application/json',
  'Content-Length': String(body.byteLength),
  'User-Agent': 'facebookexternalua',
  Accept: '*/*',
  'Accept-Encoding': 'deflate, gzip',
  'Facebook-API-Version': WEBHOOK_API_VERSION,
  ...signatureHeaders(body, secret),
})

/** Resolves whatever happens: an attempt without an answer has its reason in `error`. */
export function postWebhook(
  url: string,
  body: Buffer,
  headers: Record<string, string>,
  timeoutMs: number,
): Promise<DeliveryAttempt> {
  const { promise, resolve } = Promise.withResolvers<DeliveryAttempt>()
  const sentAt = new Date()
  const startedAt = performance.now()
  const ended = (how: Pick<DeliveryAttempt, 'status' | 'answer' | 'retryAfter' | 'error'>): void =>
    resolve({ url, sentAt, tookMs: performance.now() - startedAt, ...how })
  const failed = (error: Error): void => ended({ status: null, answer: '', retryAfter: null, error: reasonOf(error) })
  try {
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(
      url,
      { method: 'POST', headers, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', failed)
        response.on('end', () =>
          ended({
            status: response.statusCode ?? null,
            answer: Buffer.concat(chunks).toString(),
            retryAfter: response.headers['retry-after'] ?? null,
            error: null,
          }),
        )
      },
    )
    request.on('error', failed)
    request.end(body)
  } catch (error) {
    failed(error as Error)
  }
  return promise
}

function reasonOf(error: Error & { code?: string; cause?: unknown }): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'no answer in time'
  if (error.code === 'ECONNREFUSED') return 'nothing listens there'
  return error.message === '' ? (error.code ?? error.name) : error.message
}
