import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { collectProofs, coverageDocument } from './collect-proofs.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** `npm run coverage:instagram`: 1 where a mark or a row is wrong, after writing what can be written. */
export function main(): number {
  const collected = collectProofs(ROOT)
  writeFileSync(join(ROOT, 'docs', 'instagram-coverage.md'), coverageDocument(collected))
  for (const problem of collected.problems) console.error(problem)
  return collected.problems.length === 0 ? 0 : 1
}
