/** Deeper JSON is refused. It parses, but serializers and the database run out of stack on it. */
export const maxJsonDepth = 64
/** The largest body that the contract describes, a message with all the cards it may have, has less than 6,000. */
export const maxJsonValues = 8_000

export type JsonExcess = 'too-deep' | 'too-many'

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c]
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * What JSON text has too much of, told before anything is made of it: levels (`[]` is one) or values in lists and objects. One pass
 * that ends at the first excess, without recursion. Every character that matters is ASCII, and in UTF-8 its byte never stands
 * inside another character.
 */
export function jsonExcess(text: Uint8Array, maxDepth = maxJsonDepth, maxValues = maxJsonValues): JsonExcess | null {
  let depth = 0
  let values = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text[index]
    if (inString) {
      if (code === backslash) index++
      else if (code === quote) inString = false
    } else if (code === quote) inString = true
    else if (code === openList || code === openObject) {
      if (++depth > maxDepth) return 'too-deep'
      if (++values > maxValues) return 'too-many'
    } else if (code === closeList || code === closeObject) depth--
    else if (code === comma && ++values > maxValues) return 'too-many'
  }
  return null
}

/** The same of a value that was parsed elsewhere. */
export function valueDepthExceeds(value: unknown, max: number): boolean {
  const waiting: [value: unknown, depth: number][] = [[value, 1]]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [current, depth] = next
    if (typeof current !== 'object' || current === null) continue
    if (depth > max) return true
    for (const child of Object.values(current)) {
      if (typeof child === 'object' && child !== null) waiting.push([child, depth + 1])
    }
  }
  return false
}
