import { RequestError } from './request-error.ts'

/** The same key may come bare or as the quoted string of a structured field. */
export function readIdempotencyKey(header: string): string {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header)
  const key = quoted ? quoted[1]!.replace(/\\(["\\])/g, '$1') : header
  if (key === '')
    throw new RequestError('idempotency-key-invalid', 'An Idempotency-Key has 1 to 255 printable ASCII characters.')
  return key
}
