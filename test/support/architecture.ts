import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { type Import, importsOf, type Token, tokensOf } from './source-scan.ts'

/** As in `src/core/a.ts:3 imports pg`. */
export type Violation = string

type Source = Readonly<{
  path: string
  tokens: readonly Token[]
  imports: readonly (Import & { target: string | null })[]
}>

/** Says what is wrong with an import; null where nothing is. */
type ImportRule = Readonly<{
  of: (path: string) => boolean
  refuses: (found: Import & { target: string | null }, path: string) => boolean
  because: string
}>

const FOLDERS = ['src', 'dev', 'test', 'bench', 'tools']
const COMPOSERS = new Set(['src/composition.ts', 'src/application.ts', 'src/main.ts', 'src/cli.ts', 'src/explain.ts'])
const CONFIG = /^src\/config(\.ts$|\/)/

const within = (folder: string) => (path: string | null) => path?.startsWith(`${folder}/`) === true
const inCore = within('src/core')
const inPorts = within('src/ports')
const inAdapters = within('src/adapters')
const inKit = (path: string | null) =>
  ['channel-kit', 'postgres-kit', 'schema-kit'].some((kit) => within(`src/adapters/${kit}`)(path))
const inDev = within('dev')
/** An adapter is a folder, or a single file; it may look into itself alone. */
const adapterOf = (path: string) => path.split('/').slice(0, 3).join('/')

export const importRules: readonly ImportRule[] = [
  {
    of: inCore,
    refuses: ({ target, typeOnly }) => !inCore(target) && !(inPorts(target) && typeOnly),
    because: 'the core imports only itself, and ports with `import type`',
  },
  {
    of: (path) => inPorts(path),
    refuses: ({ target, typeOnly }) => !typeOnly || !(inCore(target) || inPorts(target)),
    because: 'a port imports only types, of the core and of other ports',
  },
  {
    of: (path) => path === 'src/ports/tokens.ts',
    refuses: () => true,
    because: 'the tokens stand alone',
  },
  {
    of: inAdapters,
    refuses: ({ target, typeOnly }, path) =>
      target !== null &&
      !inCore(target) &&
      !inPorts(target) &&
      !inKit(target) &&
      adapterOf(target) !== adapterOf(path) &&
      !(typeOnly && CONFIG.test(target)),
    because: 'an adapter knows the core, the ports, itself, the kits and the types of the configuration',
  },
  {
    of: (path) => path.startsWith('src/') && !inAdapters(path) && !COMPOSERS.has(path),
    refuses: ({ target }) => inAdapters(target),
    because: `only ${[...COMPOSERS].map((path) => path.slice(4)).join(', ')} know adapters`,
  },
  {
    of: inDev,
    refuses: ({ target }) => inAdapters(target),
    because: 'what is for development stands outside, as other systems do',
  },
  {
    of: () => true,
    refuses: ({ specifier }, path) => specifier === null && path.startsWith('src/'),
    because: 'what is imported has to be written out',
  },
]

/** Everything that breaks a rule below root, in the order of the files. */
export function violationsIn(root: string): readonly Violation[] {
  return sourcesIn(root).flatMap((source) => [...importViolations(source), ...wordViolations(source)])
}

export function sourcesIn(root: string): readonly Source[] {
  const paths = globSync(`{${FOLDERS.join()}}/**/*.ts`, { cwd: root, exclude: (path) => path.endsWith('node_modules') })
  return paths.sort().map((path) => {
    const tokens = readTokens(root, path)
    const imports = importsOf(tokens).map((found) => ({ ...found, target: targetOf(root, path, found.specifier) }))
    return { path, tokens, imports }
  })
}

function readTokens(root: string, path: string): readonly Token[] {
  try {
    return tokensOf(readFileSync(join(root, path), 'utf8'))
  } catch (error) {
    throw new Error(`${path} cannot be read`, { cause: error })
  }
}

/** Relative to root; null for a package. */
function targetOf(root: string, path: string, specifier: string | null): string | null {
  if (specifier?.startsWith('file:')) return relative(root, new URL(specifier).pathname)
  if (!specifier?.startsWith('.') && !specifier?.startsWith('/')) return null
  return relative(root, resolve(root, dirname(path), specifier))
}

function importViolations({ path, imports }: Source): readonly Violation[] {
  return imports.flatMap((found) => {
    const broken = importRules.filter((rule) => rule.of(path) && rule.refuses(found, path))
    const what = found.specifier === null ? 'imports what is computed' : `imports ${found.target ?? found.specifier}`
    return broken.map(({ because }) => `${path}:${found.line} ${what}, but ${because}`)
  })
}

const PROGRAMS = ['src/main.ts', 'src/cli.ts', 'src/health-check.ts']
const mayReadEnvironment = (path: string) => CONFIG.test(path) || PROGRAMS.includes(path)

function wordViolations({ path, tokens }: Source): readonly Violation[] {
  return tokens.flatMap((token, index) => {
    const said: string[] = []
    const [before, next, third] = [tokens[index - 1], tokens[index + 1], tokens[index + 2]]
    if (token.kind === 'sign' && token.value === '@' && next?.kind === 'word') {
      said.push('has a decorator, which type stripping cannot run')
    }
    if (isWord(token, 'enum') && next?.kind === 'word' && isSign(third, '{') && !isSign(before, '.')) {
      said.push('has an enum, which type stripping cannot run')
    }
    if (path.startsWith('src/') && !mayReadEnvironment(path) && readsEnvironment(tokens, index)) {
      said.push('reads the environment, but only the configuration and the programs do')
    }
    if (inPorts(path) && path !== 'src/ports/tokens.ts' && isWord(token, 'export') && isValue(next)) {
      said.push('exports a value, but a port is types')
    }
    return said.map((what) => `${path}:${token.line} ${what}`)
  })
}

const isWord = (token: Token | undefined, value: string) => token?.kind === 'word' && token.value === value
const isSign = (token: Token | undefined, value: string) => token?.kind === 'sign' && token.value === value
const isValue = (token: Token | undefined) =>
  token?.kind === 'word' &&
  ['const', 'let', 'var', 'function', 'async', 'class', 'abstract', 'default'].includes(token.value)

/** `process.env`, `process?.env`, `process['env']`, `{ env } = process`, `import { env } from 'node:process'` */
function readsEnvironment(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index]
  if (token?.kind === 'text') return isWord(tokens[index - 1], 'from') && /^(node:)?process$/.test(token.value)
  if (!isWord(token, 'process')) return false
  const rest = tokens.slice(index + 1).filter(({ kind, value }) => kind !== 'sign' || !'?.[!'.includes(value))
  if (rest[0]?.value === 'env' && tokens[index + 1]?.kind === 'sign') return true
  if (!isSign(tokens[index - 1], '=')) return false
  const opened = tokens.findLastIndex((earlier, at) => at < index && isSign(earlier, '{'))
  return isSign(tokens[index - 2], '}') && tokens.slice(opened, index).some((each) => isWord(each, 'env'))
}
