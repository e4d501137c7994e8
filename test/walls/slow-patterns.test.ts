import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { loadContract } from '../../src/adapters/http/contract.ts'
import { tokensOf } from '../support/source-scan.ts'

const ROOT = join(import.meta.dirname, '../..')
/**
 * Where a bad pattern is seen: 2^26 steps, on a fast machine 2^30, or 25,000 squared, which one that doubles with each letter must not
 * get to. A good one is done in a fraction of a millisecond.
 */
const LENGTHS = [22, 24, 26, 28, 30, 32, 25_000]
const CEILING_MS = 250
const MATCHES = 2
const MOST_CUTS = 8
/** What no pattern ends with. */
const ENDS = ['\u0001', '!\n']
const PUMPS = ['a', '1', ' ', '.', '-', '/', '\\', '"', ';', '=', ':', 'a!', '\\"', '\n', '\u2028', 'é', '=/']

/**
 * These take the square of a length, and see no text from outside: addresses of settings, hashes of ours in base64, and, where answers
 * are checked, what our own errors say.
 */
const LENGTH_OF_OURS = 2_000
const OURS: ReadonlySet<string> = new Set([
  '\\/+$',
  '=+$',
  '\\n\\s+at |node_modules|file:\\/\\/\\/|\\b(?:insert into|delete from|update \\w+ set|select .+ from) ',
])

type Pattern = Readonly<{ where: string; source: string; flags: string }>

/** Of the contract and of every schema in the sources, and every literal of them. */
function patterns(): readonly Pattern[] {
  const found: Pattern[] = []
  const ofContract = (value: unknown) => found.push({ where: 'openapi.yaml', source: String(value), flags: 'u' })
  JSON.stringify(loadContract().document, (key, value) => {
    if (key === 'pattern' && typeof value === 'string') ofContract(value)
    return value
  })
  for (const file of globSync('src/**/*.ts', { cwd: ROOT })) {
    for (const { kind, value } of tokensOf(readFileSync(join(ROOT, file), 'utf8'))) {
      const [, literal, flags = ''] = kind === 'regex' ? (/^\/(.*)\/([a-z]*)$/s.exec(value) ?? []) : []
      if (literal !== undefined) found.push({ where: file, source: literal, flags: flags.replace(/[gy]/g, '') })
      if (kind === 'text' && /^\^.+\$$/.test(value)) found.push({ where: file, source: value, flags: 'u' })
    }
  }
  return [...new Map(found.map((one) => [`${one.source}/${one.flags}`, one])).values()]
}

/** The beginning that a pattern asks for, as far as it is plain letters. */
const headOf = (source: string) => (/^\^([\w ]+)/.exec(source)?.[1] ?? '').replace(/.$/, '')

/** Texts that a pattern takes, each as what stands before a part of it that may be repeated, and that part. */
function seedsOf({ source }: Pattern): readonly (readonly [before: string, pump: string])[] {
  const head = headOf(source)
  const seeds = PUMPS.flatMap((pump) => [...new Set(['', head])].map((before) => [before, pump] as const))
  let matches: readonly string[] = []
  try {
    // Only where it is whole: what may begin anywhere is met by the pumps.
    if (source.startsWith('^') && !source.includes('|') && !source.includes('[^'))
      matches = fc.sample(fc.stringMatching(new RegExp(source, 'u')), { numRuns: MATCHES, seed: 101 })
  } catch {
    // A property of characters or a look behind: the pumps are for it.
  }
  for (const match of matches) {
    for (let at = 0; at < Math.min(match.length, MOST_CUTS); at++)
      for (const long of [1, 2]) seeds.push([match.slice(0, at), match.slice(at, at + long)])
  }
  return seeds.filter(([, pump]) => pump !== '')
}

/** The slowest of its tries, or null. The better of two: a machine that is busy is not a pattern that is slow. */
function slowIn(pattern: Pattern, lengths: readonly number[] = LENGTHS): string | null {
  const regex = new RegExp(pattern.source, pattern.flags)
  for (const [before, pump] of seedsOf(pattern)) {
    for (const end of ENDS) {
      for (const length of lengths) {
        const text = before + pump.repeat(Math.ceil(length / pump.length)) + end
        const tookMs = () => {
          const startedAt = performance.now()
          regex.test(text)
          return performance.now() - startedAt
        }
        if (tookMs() > CEILING_MS && tookMs() > CEILING_MS)
          return `${pattern.where}: /${pattern.source}/${pattern.flags} for ${JSON.stringify(before + pump)} … ${length}`
      }
    }
  }
  return null
}

test('S101: no pattern of the contract or the sources gets slow with any text', (t) => {
  t.timeout(240_000)
  const all = patterns()
  t.true(all.length > 120, `${all.length} patterns`)
  const slow = all.flatMap((one) => {
    const lengths = OURS.has(one.source) ? LENGTHS.map((length) => Math.min(length, LENGTH_OF_OURS)) : LENGTHS
    return slowIn(one, lengths) ?? []
  })
  t.deepEqual(slow, [])
  t.deepEqual(
    [...OURS].filter((source) => !all.some((one) => one.source === source)),
    [],
  )
  t.log(`${all.length} patterns`)
})

for (const source of ['^(a+)+$', '^(\\w+\\s?)*$', '\\s+$', '^(?:a|a)*$']) {
  test(`S101: a pattern that gets slow is found: ${source}`, (t) => {
    t.timeout(120_000)
    t.truthy(slowIn({ where: 'here', source, flags: '' }))
  })
}
