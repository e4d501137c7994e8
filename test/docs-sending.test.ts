import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { LIMITS } from '../src/adapters/instagram/pacing.ts'
import { SENTENCES } from '../src/core/message/send-outcome.ts'
import { ROOT } from './support/program.ts'

const page = readFileSync(join(ROOT, 'docs/sending.md'), 'utf8')

test('docs/sending.md lists every failure with its title, as the code has it', (t) => {
  const section = page.split('## Codes of failures')[1]?.split('\n## ')[0] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  const expected = Object.entries(SENTENCES).map(
    ([code, { title, retryable }]) => `| \`${code}\` | ${title} | ${retryable ? 'yes' : 'no'} |`,
  )
  t.deepEqual(rows, expected.sort())
})

test('docs/sending.md names every setting of the pace', (t) => {
  for (const { setting, calls } of Object.values(LIMITS)) {
    t.true(page.includes(`\`${setting}\``), setting)
    t.regex(page, new RegExp(`\\b${calls}\\b`))
  }
})
