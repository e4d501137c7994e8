const LENGTH = 36
const HYPHENS = new Set([8, 13, 18, 23])

/** Whether text has the form of a UUID. Without a regular expression: the webhook path asks it for every delivery. */
export function isUuid(text: string): boolean {
  if (text.length !== LENGTH) return false
  for (let at = 0; at < LENGTH; at++) {
    const code = text.charCodeAt(at)
    if (HYPHENS.has(at) ? code !== 0x2d : !isHexDigit(code)) return false
  }
  return true
}

const isHexDigit = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46)
