/** Deeper JSON is refused. It parses, but serializers and the database run out of stack on it. */
export const maxJsonDepth = 64

/**
 * Whether JSON is nested deeper than `max` levels (`[]` is one level). A string or bytes are taken as JSON text and not
 * parsed, anything else as a parsed value. Uses no recursion, so depth cannot crash it.
 */
export function jsonDepthExceeds(json: unknown, max: number = maxJsonDepth): boolean {
  if (typeof json === 'string' || json instanceof Uint8Array) return textDepthExceeds(json, max)
  return valueDepthExceeds(json, max)
}

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

const [quote, backslash] = [0x22, 0x5c]
const opening = new Set([0x5b, 0x7b])
const closing = new Set([0x5d, 0x7d])

// Every character that matters is ASCII, and in UTF-8 its byte never stands inside another character.
function textDepthExceeds(text: string | Uint8Array, max: number): boolean {
  const codeAt =
    typeof text === 'string' ? (index: number) => text.charCodeAt(index) : (index: number) => text[index] ?? 0
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = codeAt(index)
    if (inString) {
      if (code === backslash) index++
      else if (code === quote) inString = false
    } else if (code === quote) inString = true
    else if (opening.has(code)) {
      if (++depth > max) return true
    } else if (closing.has(code)) depth--
  }
  return false
}
