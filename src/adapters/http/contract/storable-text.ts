import { toPointer } from '../../schema-kit/json-pointer.ts'

/**
 * Pointers to text in a JSON value that the database cannot keep: NUL characters and lone surrogates, in strings and in
 * names, at any place, also where the contract leaves the content open. Stops after `max` of them.
 */
export function findUnstorableText(json: unknown, max: number): readonly string[] {
  const found: string[] = []
  const waiting: [value: unknown, pointer: string][] = [[json, '']]
  for (let next = waiting.pop(); next && found.length < max; next = waiting.pop()) {
    const [value, pointer] = next
    if (typeof value === 'string' && !isStorable(value)) found.push(pointer)
    if (typeof value !== 'object' || value === null) continue
    for (const [name, child] of Object.entries(value)) {
      // A name that is itself at fault is not repeated in the answer: the pointer ends above it.
      if (isStorable(name)) waiting.push([child, pointer + toPointer(name)])
      else found.push(pointer)
    }
  }
  return found
}

function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed()
}
