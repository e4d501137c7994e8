export type ReadJson = Readonly<{ ok: true; value: unknown; text: string }> | Readonly<{ ok: false; reason: string }>

/** Deeper than any network nests; a deeper value parses happily and then breaks whoever serialises or stores it. */
export const MAX_JSON_DEPTH = 64

/** 2^53 has 16 digits: a shorter run of digits is always exact. */
const DIGITS_AT_RISK = 16

const decoder = new TextDecoder()

/** JSON from a stranger. Integers beyond 2^53 come out as strings of the very digits. Never throws. */
export function readJson(body: Uint8Array): ReadJson {
  const text = decoder.decode(body)
  const { depth, needsSource } = survey(text)
  if (depth > MAX_JSON_DEPTH) return { ok: false, reason: 'json-too-deep' }
  try {
    const value: unknown = needsSource ? JSON.parse(text, keepDigits) : JSON.parse(text)
    return { ok: true, value, text }
  } catch {
    return { ok: false, reason: text.trim() === '' ? 'empty-body' : 'not-json' }
  }
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  if (Number.isFinite(value) && !Number.isInteger(value)) return value
  return context?.source ?? value
}

const QUOTE = 34
const BACKSLASH = 92
const isOpening = (code: number) => code === 123 || code === 91
const isClosing = (code: number) => code === 125 || code === 93
const isExponent = (code: number) => code === 69 || code === 101
const isDigit = (code: number) => code >= 48 && code <= 57

/** One pass over the text, strings skipped: how deep it nests and whether a number in it could lose digits. */
function survey(text: string): { depth: number; needsSource: boolean } {
  let depth = 0
  let deepest = 0
  let run = 0
  let needsSource = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isDigit(code)) {
      run++
      if (run >= DIGITS_AT_RISK) needsSource = true
      continue
    }
    if (run > 0 && isExponent(code)) needsSource = true
    run = 0
    if (code === QUOTE) at = endOfString(text, at)
    else if (isOpening(code)) deepest = Math.max(deepest, ++depth)
    else if (isClosing(code)) depth--
  }
  return { depth: deepest, needsSource }
}

/** Index of the quote that closes the string opened at `start`; the end of the text where none does. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0
  while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++
  return slashes % 2 === 1
}
