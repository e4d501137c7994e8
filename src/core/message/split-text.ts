const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const utf8 = new TextEncoder()
export const utf8Bytes = (text: string): number => utf8.encode(text).length

type Grapheme = Readonly<{ text: string; bytes: number }>

/**
 * Cuts a text into pieces of at most `maxBytes` UTF-8 bytes: at the end of a paragraph where one ends in the second half of the
 * piece, else of a sentence, else of a word, else between two characters as people see them. Nothing is lost: the pieces
 * joined are the text. Null where that is not possible, since one character alone is longer, or a piece would be blank.
 */
export function splitText(text: string, maxBytes: number): readonly string[] | null {
  const all: Grapheme[] = [...graphemes.segment(text)].map(({ segment }) => ({
    text: segment,
    bytes: utf8Bytes(segment),
  }))
  const pieces: string[] = []
  for (let start = 0; start < all.length; ) {
    const end = endOfPiece(all, start, maxBytes)
    if (end === start) return null
    const piece = all.slice(start, end).reduce((joined, one) => joined + one.text, '')
    if (piece.trim() === '') return null
    pieces.push(piece)
    start = end
  }
  return pieces
}

function endOfPiece(all: readonly Grapheme[], start: number, maxBytes: number): number {
  let bytes = 0
  let end = start
  let half = start
  for (; end < all.length; end++) {
    const next = bytes + (all[end]?.bytes ?? 0)
    if (next > maxBytes) break
    if (next <= maxBytes / 2) half = end + 1
    bytes = next
  }
  if (end === all.length || end === start) return end
  for (const [isEnd, from] of [
    [endsParagraph, half],
    [endsSentence, half],
    [endsWord, start],
  ] as const) {
    for (let at = end; at > from; at--) if (isEnd(all, at)) return at
  }
  return end
}

type IsEnd = (all: readonly Grapheme[], at: number) => boolean

const isBreak = (one: Grapheme | undefined): boolean => one !== undefined && /^[\n\r\u2028\u2029]+$/.test(one.text)
const isSpace = (one: Grapheme | undefined): boolean => one !== undefined && /^\s+$/.test(one.text)

/** White space stays with what comes before it, so that no piece begins with it. */
const endsWord: IsEnd = (all, at) => isSpace(all[at - 1]) && !isSpace(all[at])

const endsParagraph: IsEnd = (all, at) => endsWord(all, at) && isBreak(all[at - 1]) && isBreak(all[at - 2])

const endsSentence: IsEnd = (all, at) => {
  if (/^[。！？]$/.test(all[at - 1]?.text ?? '')) return true
  if (!endsWord(all, at)) return false
  if (isBreak(all[at - 1])) return true
  let last = at - 1
  while (isSpace(all[last])) last--
  while (/^["'”’)\]]$/.test(all[last]?.text ?? '')) last--
  return /^[.!?…]$/.test(all[last]?.text ?? '')
}
