import test from 'ava'
import fc from 'fast-check'
import { MAX_JSON_DEPTH, readJson } from '../../../src/adapters/channel-kit/json.ts'

const read = (text: string) => readJson(Buffer.from(text))
const parsed = (text: string) => {
  const json = read(text)
  return json.ok ? json.value : undefined
}

test('integers that a number would round come out as their digits', (t) => {
  t.is(parsed('9007199254740991'), 9007199254740991)
  t.is(parsed('9007199254740993'), '9007199254740993')
  t.is(parsed('-9007199254740993'), '-9007199254740993')
  t.deepEqual(parsed('{"a":[17841455500000011, 1 ,9007199254740995123]}'), {
    a: ['17841455500000011', 1, '9007199254740995123'],
  })
  t.is(parsed('1e400'), '1e400')
})

test('other numbers stay numbers, and digits in strings stay as they are', (t) => {
  t.deepEqual(parsed('{"a":0.1234567890123456,"b":"9007199254740993","c":1789000000123,"d":1e3}'), {
    a: 0.1234567890123456,
    b: '9007199254740993',
    c: 1789000000123,
    d: 1000,
  })
})

test('nesting is bounded before it can hurt, brackets in strings do not nest', (t) => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  t.true(read(nested(MAX_JSON_DEPTH)).ok)
  t.deepEqual(read(nested(MAX_JSON_DEPTH + 1)), { ok: false, reason: 'json-too-deep' })
  t.deepEqual(read('{"a":'.repeat(200_000)), { ok: false, reason: 'json-too-deep' })
  t.true(read(JSON.stringify({ text: nested(500), quoted: `\\"${'{'.repeat(500)}` })).ok)
})

test('three megabytes of anything are surveyed in well under a second', (t) => {
  const size = 3 * 1024 * 1024
  for (const text of [
    '['.repeat(size),
    '"'.repeat(size),
    `"${'\\'.repeat(size)}`,
    '9'.repeat(size),
    `"${'\\"'.repeat(size / 2)}"`,
  ]) {
    const begun = performance.now()
    read(text)
    t.true(performance.now() - begun < 10_000, text.slice(0, 3))
  }
})

test('a byte order mark is no part of the text, odd bytes are replaced', (t) => {
  t.deepEqual(read('\ufeff{"a":1}'), { ok: true, value: { a: 1 }, text: '{"a":1}' })
  const json = readJson(Buffer.from([0x22, 0xff, 0x22]))
  t.deepEqual(json, { ok: true, value: '\ufffd', text: '"\ufffd"' })
})

test('members named like those of every object reach nobody’s prototype', (t) => {
  t.true(read('{"__proto__":{"polluted":90071992547409931}}').ok)
  t.is(({} as { polluted?: unknown }).polluted, undefined)
})

test('whatever JSON.parse takes within the depth is read as it reads it, integers beyond 2^53 aside', (t) => {
  const isExact = (value: unknown): boolean =>
    typeof value === 'number'
      ? Number.isSafeInteger(value) || !Number.isInteger(value)
      : typeof value !== 'object' || value === null || Object.values(value).every(isExact)
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => {
      const plain: unknown = JSON.parse(text)
      if (isExact(plain)) t.deepEqual(parsed(text), plain)
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

test('any integer keeps its digits', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (id) => {
      t.is(String(parsed(`{"id":${id}}`) && (parsed(`{"id":${id}}`) as { id: unknown }).id), String(id))
    }),
  )
  t.pass()
})
