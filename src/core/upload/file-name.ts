import type { FileKind } from './file-kinds.ts'

const MAX_BYTES = 200
/** Controls, marks that turn or hide text, and what file systems or shells read as something else. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}<>:"|?*`$;&]/gu

/** What the client called it, as a name that is harmless anywhere and ends like what the file is. */
export function fileNameFor(given: string | null, { extensions, type }: FileKind): string {
  const [extension = 'bin'] = extensions
  const last = (given ?? '').normalize('NFC').split(/[/\\]/).at(-1) ?? ''
  const safe = last
    .replace(UNSAFE, '')
    .trim()
    .replace(/^[.\s]+|[.\s]+$/g, '')
  if (safe === '') return `${type.toLowerCase()}.${extension}`
  const own = safe.slice(safe.lastIndexOf('.') + 1).toLowerCase()
  const fits = safe.includes('.') && extensions.includes(own)
  const stem = fits ? safe.slice(0, -own.length - 1) : safe
  return `${cut(stem)}.${fits ? own : extension}`
}

/** At a character, not in the middle of one. */
function cut(stem: string): string {
  let bytes = 0
  let kept = ''
  for (const character of stem) {
    bytes += new TextEncoder().encode(character).length
    if (bytes > MAX_BYTES) break
    kept += character
  }
  return kept === '' ? 'file' : kept
}
