import { readFileSync } from 'node:fs'
import test from 'ava'
import { DOCUMENT, tableFor, titled, words } from './groups.ts'

const GROUPS = Array.from({ length: 143 }, (_, index) => `S${index + 1}`)

test('the table of docs/security.md has every group once, and names exactly the tests that there are', (t) => {
  const there = words()
  const table = tableFor(there)
  const rows = table.rowsOf(readFileSync(DOCUMENT, 'utf8'))
  t.deepEqual(
    rows.map(({ id }) => id),
    GROUPS,
  )
  const here = titled()
  t.deepEqual(table.lies(rows, here), [], 'node test/walls/groups.ts writes it')
  t.deepEqual(
    [...here.keys()].filter((id) => !GROUPS.includes(id)),
    [],
  )
  const open = rows.filter(({ shownBy }) => shownBy === 'open').map(({ id }) => id)
  const notThere = rows.filter(({ shownBy }) => shownBy.startsWith('not there yet: '))
  t.log(`${GROUPS.length - open.length - notThere.length} of ${GROUPS.length} groups have tests`)
  t.log(`not built: ${notThere.map(({ id }) => id).join(', ') || 'none'}; open: ${open.join(', ') || 'none'}`)
})

test('what is new shows in operations, in fields of bodies, in packages and in commands', (t) => {
  const there = words()
  for (const word of [
    'getTicket',
    'tickets',
    'assigneeId',
    'channelIds',
    'limit',
    'text/html',
    'express',
    'keys:rotate',
  ])
    t.true(there.has(word), word)
})

test('a group that waits for something is open once that is there', (t) => {
  const line = '| S7 | Customers are merged. | not there yet: merging customers |'
  const without = tableFor(new Set(['getCustomer']))
  t.deepEqual(without.lies(without.rowsOf(line), new Map()), [])
  const within = tableFor(new Set(['getCustomer', 'mergeCustomers']))
  t.is(within.lies(within.rowsOf(line), new Map()).length, 1)
  t.is(within.corrected(line, new Map()), '| S7 | Customers are merged. | open |')
})
