export type Token = Readonly<{
  kind: 'word' | 'text' | 'sign' | 'regex' | 'template'
  /** Of a text its content, of a template only the raw start. */
  value: string
  line: number
}>

export type Import = Readonly<{
  /** Null where it is computed. */
  specifier: string | null
  /** The statement as a whole is about types: `import type`, `export type … from`. */
  typeOnly: boolean
  line: number
}>

const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy
const NUMBER = /\d[\w.]*/y
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
/** After these a slash begins a regular expression, as it does after most signs. */
const BEFORE_REGEX = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'delete',
  'void',
  'throw',
  'await',
  'yield',
  'else',
  'do',
])

/**
 * The tokens of a TypeScript source, without comments: enough to see statements as they are written, since TypeScript 7 has no
 * API to ask. Throws on what it cannot follow, so that nothing goes unseen.
 */
export function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  let line = 1
  /** For each open brace whether it is a template's `${`. */
  const braces: boolean[] = []

  const fail = (what: string): never => {
    throw new SyntaxError(`line ${line}: ${what}`)
  }
  const push = (kind: Token['kind'], value: string, length: number) => {
    tokens.push({ kind, value, line })
    skip(length)
  }
  const skip = (length: number) => {
    for (const end = at + length; at < end; at++) if (source[at] === '\n') line++
  }
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0] ?? null
  }
  /** From a backtick, or from the brace that ends an insertion, to the next insertion or the end. */
  const template = () => {
    let end = at + 1
    while (end < source.length && source[end] !== '`' && !source.startsWith('${', end))
      end += source[end] === '\\' ? 2 : 1
    if (end >= source.length) fail('a template without an end')
    const inserts = source[end] === '$'
    if (inserts) braces.push(true)
    push('template', source.slice(at + 1, end), end + (inserts ? 2 : 1) - at)
  }
  const startsRegex = () => {
    const last = tokens.at(-1)
    if (last === undefined) return true
    if (last.kind === 'word') return BEFORE_REGEX.has(last.value)
    return last.kind === 'sign' && !')]}'.includes(last.value)
  }

  while (at < source.length) {
    const char = source[at] ?? ''
    const two = source.slice(at, at + 2)
    if (/\s/.test(char)) skip(1)
    else if (two === '//' || (at === 0 && two === '#!'))
      skip((source.indexOf('\n', at) + 1 || source.length + 1) - at - 1)
    else if (two === '/*') {
      const end = source.indexOf('*/', at + 2)
      if (end < 0) fail('a comment without an end')
      skip(end + 2 - at)
    } else if (char === "'" || char === '"') {
      let end = at + 1
      while (end < source.length && source[end] !== char && source[end] !== '\n') end += source[end] === '\\' ? 2 : 1
      if (source[end] !== char) fail('a text without an end')
      push('text', source.slice(at + 1, end), end + 1 - at)
    } else if (char === '`') template()
    else if (char === '}' && braces.pop()) template()
    else if (char === '/' && startsRegex()) {
      const regex = match(REGEX) ?? fail('a regular expression without an end')
      push('regex', regex, regex.length)
    } else {
      if (char === '{') braces.push(false)
      const word = match(WORD) ?? match(NUMBER)
      push(word === null ? 'sign' : 'word', word ?? char, word?.length ?? 1)
    }
  }
  if (braces.length > 0) fail('a brace without an end')
  return tokens
}

/** Every import, export-from, dynamic import (also in a type) and require of a source. */
export function importsOf(source: string | readonly Token[]): readonly Import[] {
  const tokens = typeof source === 'string' ? tokensOf(source) : source
  return tokens.flatMap((token, index) => {
    const before = tokens[index - 1]
    // A property of that name: `x.import`, `x?.import`; but a spread, `...import('x')`, is none.
    const isProperty = before?.value === '.' && !(tokens[index - 2]?.value === '.' && tokens[index - 3]?.value === '.')
    if (token.kind !== 'word' || isProperty) return []
    const next = tokens[index + 1]
    if (token.value === 'import' || token.value === 'export') {
      if (token.value === 'import' && next?.value === '(' && next.kind === 'sign') return called(tokens, index)
      return declared(tokens, index)
    }
    // A method may have that name, and then takes no text.
    return token.value === 'require' && tokens[index + 2]?.kind === 'text' ? called(tokens, index) : []
  })
}

/** `import('x')`, `require('x')` */
function called(tokens: readonly Token[], index: number): readonly Import[] {
  const [argument, after] = [tokens[index + 2], tokens[index + 3]]
  const plain = argument?.kind === 'text' && (after?.value === ')' || after?.value === ',')
  return [{ specifier: plain ? argument.value : null, typeOnly: false, line: tokens[index]?.line ?? 0 }]
}

/** `import 'x'`, `import … from 'x'`, `export … from 'x'` */
function declared(tokens: readonly Token[], index: number): readonly Import[] {
  const line = tokens[index]?.line ?? 0
  const isImport = tokens[index]?.value === 'import'
  let at = index + 1
  const is = (value: string, kind: Token['kind'] = 'sign') => tokens[at]?.kind === kind && tokens[at]?.value === value
  if (isImport && tokens[at]?.kind === 'text') return [{ specifier: tokens[at]?.value ?? null, typeOnly: false, line }]
  // `import type from 'x'` names a value; `import type X from 'x'` does not.
  const after = tokens[at + 1]
  const typeOnly =
    is('type', 'word') &&
    (after?.kind === 'sign' ? after.value === '{' || after.value === '*' : isImport && after?.value !== 'from')
  if (typeOnly) at++
  if (!isImport && !is('{') && !is('*')) return []
  while (at < tokens.length && !is('from', 'word')) {
    if (is('{')) while (at < tokens.length && !is('}')) at++
    else if (!is('*') && !is(',') && tokens[at]?.kind !== 'word') return []
    at++
    // `export { a }` without a source ends here.
    if (!isImport && tokens[at - 1]?.value === '}' && !is('from', 'word')) return []
  }
  const source = tokens[at + 1]
  return source?.kind === 'text' ? [{ specifier: source.value, typeOnly, line }] : []
}
