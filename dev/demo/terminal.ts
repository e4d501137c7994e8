import { styleText } from 'node:util'

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

export type Terminal = ReturnType<typeof createTerminal>

/** Plain lines for a file or CI; colours and a line that changes while something is under way for a person. */
export function createTerminal(
  stream: NodeJS.WriteStream = process.stdout,
  environment: NodeJS.ProcessEnv = process.env,
) {
  const isTty = stream.isTTY === true && environment['TERM'] !== 'dumb'
  const hasColours = isTty && !environment['NO_COLOR']
  const width = (isTty ? stream.columns : 0) || 120
  const paint = (style: Style, text: string): string =>
    hasColours ? styleText(style, text, { validateStream: false }) : text
  const print = (line = ''): void => {
    stream.write(`${line}\n`)
  }

  const LABEL_CHARS = 12
  const entry = (sign: string, label: string, detail: string): string =>
    `  ${sign} ${label.padEnd(LABEL_CHARS)}  ${detail}`

  /** One thing that takes a while. `work` may tell how far it is, and returns what to say when it is done. */
  async function step<T>(
    label: string,
    work: (tell: (line: string) => void) => Promise<{ value: T; said: string }>,
  ): Promise<T> {
    const tell = (line: string): void => {
      const shown = entry('·', label, line)
      if (isTty) stream.write(`\r\x1b[K${paint('dim', [...shown].slice(0, width - 1).join(''))}`)
      else print(shown)
    }
    if (isTty) tell('…')
    try {
      const { value, said } = await work(tell)
      if (isTty) stream.write('\r\x1b[K')
      print(entry(paint('green', '✓'), label, said))
      return value
    } catch (error) {
      if (isTty) stream.write('\r\x1b[K')
      throw error
    }
  }

  return { print, step, paint, isTty, width }
}

/** Columns as wide as their widest cell; the last one is cut at the edge of the terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], maxWidth: number): string[] {
  const widths = head.map((title, column) =>
    Math.max(...[[...head], ...rows].map((row) => chars(row[column] ?? title))),
  )
  return [head, ...rows].map((row) => {
    const cells = row.map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0)))
    return cut(cells.join('  '), maxWidth)
  })
}

const chars = (text: string): number => [...text].length
const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - chars(text)))

/** At a character, never in the middle of one. */
export function cut(text: string, maxChars: number): string {
  const characters = [...text]
  return characters.length <= maxChars
    ? text
    : `${characters
        .slice(0, maxChars - 1)
        .join('')
        .trimEnd()}…`
}
