/** A fenced block of a Markdown text, with the heading above it. */
export type Block = Readonly<{ language: string; heading: string; line: number; text: string }>

/** A simple command of a shell script: as it stands there, and its words without their quotes. */
export type Command = Readonly<{ text: string; words: readonly string[]; heading: string; line: number }>

const FENCE = /^([ \t]*)(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/

/** Throws for a fence that is not closed: what stands in it would go unseen. */
export function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = []
  let heading = ''
  let open: { indent: string; fence: string; language: string; line: number; lines: string[] } | null = null
  for (const [index, line] of markdown.split(/\r?\n/).entries()) {
    if (open === null) {
      heading = /^#{1,6} +(.+?)[ #]*$/.exec(line)?.[1] ?? heading
      const [, indent = '', fence, language = ''] = FENCE.exec(line) ?? []
      if (fence !== undefined) open = { indent, fence, language, line: index + 1, lines: [] }
    } else if (line.trim().startsWith(open.fence) && /^(`+|~+)$/.test(line.trim())) {
      blocks.push({ language: open.language, heading, line: open.line, text: open.lines.join('\n') })
      open = null
    } else open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart())
  }
  if (open !== null) throw new Error(`The code block of line ${open.line} is not closed.`)
  return blocks
}

/** The commands of all bash blocks, in order. */
export function commandsIn(markdown: string): readonly Command[] {
  return blocksOf(markdown)
    .filter(({ language }) => ['bash', 'sh', 'shell', 'console'].includes(language))
    .flatMap(({ text, heading, line }) =>
      splitScript(text).map((command) => ({ ...command, heading, line: line + command.line })),
    )
}

type Piece = Readonly<{ text: string; words: readonly string[]; line: number }>

/**
 * Quotes, escapes, continued lines and comments, as a shell reads them; `&&`, `;` and the end of a line end a command. A
 * here-document is refused: nothing that stands in one is a command.
 */
export function splitScript(script: string): readonly Piece[] {
  const pieces: Piece[] = []
  let start = -1
  let end = -1
  let words: string[] = []
  let word: string | null = null
  const closeWord = () => {
    if (word !== null) words.push(word)
    word = null
  }
  const closeCommand = () => {
    closeWord()
    const text = script.slice(start, end)
    if (words.length > 0) pieces.push({ text, words, line: script.slice(0, start).split('\n').length })
    start = -1
    words = []
  }
  const take = (piece: string, until: number) => {
    word = (word ?? '') + piece
    end = until
  }
  let at = 0
  while (at < script.length) {
    const character = script[at] as string
    if (start === -1 && !/\s/.test(character)) start = at
    const quoted = character === "'" || character === '"' ? readQuoted(script, at) : null
    if (script.startsWith('<<', at)) throw new Error(`A here-document: ${script}`)
    if (quoted) {
      take(quoted.value, quoted.end)
      at = quoted.end
    } else if (script.startsWith('\\\n', at)) {
      closeWord()
      at += 2
    } else if (character === '\\') {
      take(script[at + 1] ?? '', at + 2)
      at += 2
    } else if (character === '#' && word === null) {
      const eol = script.indexOf('\n', at)
      // Nothing before it on this line: no command begins here.
      if (words.length === 0) start = -1
      at = eol === -1 ? script.length : eol
    } else if (character === '\n' || character === ';' || script.startsWith('&&', at)) {
      closeCommand()
      at += character === '&' ? 2 : 1
    } else if (/\s/.test(character)) {
      closeWord()
      at += 1
    } else {
      take(character, at + 1)
      at += 1
    }
  }
  closeCommand()
  return pieces
}

function readQuoted(script: string, at: number): { value: string; end: number } {
  const quote = script[at] as string
  let value = ''
  for (let i = at + 1; i < script.length; i++) {
    if (script[i] === quote) return { value, end: i + 1 }
    const escaped = quote === '"' && script[i] === '\\' && '"\\$`\n'.includes(script[i + 1] ?? ' ')
    if (escaped) i += 1
    value += script[i]
  }
  throw new Error(`A quote is not closed: ${script.slice(at)}`)
}
