/** RFC 6901: the segments of a pointer, with `~` and `/` escaped. */
export function toPointer(...segments: readonly string[]): string {
  return segments.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** The same as part of a URI, as `$ref` wants it. */
export function toUriFragment(pointer: string): string {
  return `#${pointer.split('/').map(encodeURIComponent).join('/')}`
}

type Found = Readonly<{ value: unknown; pointer: string }>

/** What a pointer leads to in a document, and where that stands once references have been followed. */
export function lookUp(document: unknown, pointer: string): Found | undefined {
  const seen = new Set<string>()
  let at = pointer
  while (!seen.has(at)) {
    seen.add(at)
    const value = walk(document, at)
    if (value === undefined) return undefined
    const reference = isRecord(value) ? value['$ref'] : undefined
    if (typeof reference !== 'string') return { value, pointer: at }
    at = decodeURIComponent(reference.slice(1))
  }
  throw new Error(`a reference in the contract leads back to itself: ${pointer}`)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function walk(document: unknown, pointer: string): unknown {
  let value = document
  for (const segment of pointer.split('/').slice(1)) {
    const key = segment.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
