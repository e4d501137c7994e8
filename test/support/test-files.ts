import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { importsOf } from './source-scan.ts'

/** Test files below root that the patterns (files, folders, globs) choose; all of them without patterns. */
export function testFiles(root: string, patterns: readonly string[]): readonly string[] {
  const wanted = (patterns.length === 0 ? ['test'] : patterns).map((pattern) => {
    const path = relative(root, resolve(root, pattern))
    return existsSync(join(root, path)) && statSync(join(root, path)).isDirectory() ? join(path, '**') : path
  })
  const found = globSync(wanted, { cwd: root }).filter((path) => path.startsWith('test/') && path.endsWith('.test.ts'))
  return [...new Set(found)].sort()
}

/** Which of the words stand in the files or in what these import from the test folder. */
export function wordsIn(root: string, files: readonly string[], words: readonly string[]): ReadonlySet<string> {
  const seen = new Set(files.map((file) => join(root, file)))
  const found = new Set<string>()
  // Grows while it is walked.
  for (const path of seen) {
    const source = readFileSync(path, 'utf8')
    for (const word of words) if (source.includes(word)) found.add(word)
    for (const { specifier } of importsOf(source)) {
      const target = specifier?.startsWith('.') ? resolve(dirname(path), specifier) : null
      if (target?.startsWith(join(root, 'test/')) && existsSync(target)) seen.add(target)
    }
  }
  return found
}
