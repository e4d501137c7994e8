import test from 'ava'
import { matchingSecret } from '../../../src/adapters/channel-kit/secrets.ts'

test('the first equal secret is named by its place', (t) => {
  t.is(matchingSecret('b', ['a', 'b', 'b']), 1)
  t.is(matchingSecret('B', ['a', 'b']), -1)
  t.is(matchingSecret('b', []), -1)
})

test('an empty secret equals nothing, not even itself', (t) => {
  t.is(matchingSecret('', ['', 'a']), -1)
})

test('secrets of other lengths and alphabets are compared, not thrown at', (t) => {
  t.is(matchingSecret('ü', ['u', 'üü', 'ü']), 2)
  t.is(matchingSecret('x'.repeat(10_000), ['x']), -1)
})
