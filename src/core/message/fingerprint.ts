/**
 * SHA-256 of a request, as hex: tells a repeat from another request without keeping what either says. Members that are
 * undefined do not count, nor does the order of members.
 */
export async function fingerprintOf(request: object): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(request, inOrder))
  const digest = await crypto.subtle.digest('SHA-256', bytes)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const inOrder = (_: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value
