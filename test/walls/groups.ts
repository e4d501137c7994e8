import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadContract } from '../../src/adapters/http/contract.ts'
import { rowTable, type Titled } from '../support/titled-rows.ts'
import { fieldsOf } from './tenancy/fields.ts'

const ROOT = join(import.meta.dirname, '../..')
export const DOCUMENT = join(ROOT, 'docs/security.md')

/** What a group would attack and is not built, and the word among `words()` that gives away that it is now. */
const NOT_THERE: ReadonlyMap<string, Readonly<{ what: string; word: RegExp }>> = new Map([
  ['S5', { what: 'searching in messages', word: /search|^q$/i }],
  ['S6', { what: 'looking up a ticket by its number', word: /^(ticket)?number$/i }],
  ['S7', { what: 'merging customers', word: /merge/i }],
  [
    'S20',
    {
      what: 'switching an organization off',
      word: /^(disable|deactivate|suspend|delete)Organization$|^org(anization)?:/i,
    },
  ],
  ['S103', { what: 'exports for spreadsheets', word: /csv|xlsx|spreadsheet/i }],
])

/** Operations, paths' parts, what requests name, media types, packages and the operator's commands: something new shows in one of them. */
export function words(): ReadonlySet<string> {
  const contract = loadContract()
  const { document, operations } = contract
  const found = new Set<string>()
  for (const operation of operations)
    for (const { at, name } of fieldsOf(contract, operation)) for (const word of [name, ...at]) found.add(word)
  for (const { operationId, path } of operations) for (const word of [operationId, ...path.split('/')]) found.add(word)
  JSON.stringify(document, (key, value) => {
    if (key === 'name' && typeof value === 'string') found.add(value)
    if (key === 'content' && typeof value === 'object') for (const type of Object.keys(value)) found.add(type)
    return value
  })
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) found.add(name)
  const cli = readFileSync(join(ROOT, 'src/cli.ts'), 'utf8')
  for (const [, command = ''] of cli.matchAll(/npm run cli -- ([\w:-]+)/g)) found.add(command)
  return found
}

export const tableFor = (there: ReadonlySet<string>) =>
  rowTable('S\\d+', ({ id }) => {
    const missing = NOT_THERE.get(id)
    if (!missing || [...there].some((word) => missing.word.test(word))) return null
    return `not there yet: ${missing.what}`
  })

export const titled = (): Titled => tableFor(new Set()).titledHere('test/walls/groups.test.ts')

// `node test/walls/groups.ts` writes the last column of the table.
if (import.meta.main) {
  const document = readFileSync(DOCUMENT, 'utf8')
  writeFileSync(DOCUMENT, tableFor(words()).corrected(document, titled()))
}
