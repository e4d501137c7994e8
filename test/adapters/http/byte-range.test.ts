import test from 'ava'
import { byteRange } from '../../../src/adapters/http/byte-range.ts'

for (const [header, expected] of [
  [undefined, null],
  ['bytes=0-3', { start: 0, end: 3 }],
  ['bytes=4-', { start: 4, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-30', { start: 0, end: 9 }],
  ['bytes=8-99', { start: 8, end: 9 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=3-2', null],
  ['bytes=0-1,4-5', null],
  ['bytes=-', null],
  ['items=0-1', null],
  ['bytes=a-b', null],
] as const) {
  test(`of ten bytes ${header} is ${JSON.stringify(expected)}`, (t) => {
    t.deepEqual(byteRange(header, 10), expected)
  })
}
