/** As `security-headers.ts` has it, in seconds: a year. */
const HSTS = 'max-age=31536000; includeSubDomains'

/**
 * What protects browsers, for answers that do not pass through Express: a flat list of names and values, which is what Node
 * writes fastest. None of them is a document, so nothing may be loaded for them or show them.
 */
export const bareHeaders = (publicUrl: string): readonly string[] => [
  ...['X-Content-Type-Options', 'nosniff'],
  ...['Content-Security-Policy', "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"],
  ...['X-Frame-Options', 'DENY'],
  ...['Referrer-Policy', 'no-referrer'],
  // Over plain HTTP, on a laptop, it would lock the browser out.
  ...(publicUrl.startsWith('https:') ? ['Strict-Transport-Security', HSTS] : []),
]

/** The same ahead of an answer that is written step by step. */
export function setHeaders(res: { setHeader(name: string, value: string): unknown }, headers: readonly string[]): void {
  for (let at = 0; at + 1 < headers.length; at += 2) res.setHeader(headers[at]!, headers[at + 1]!)
}
