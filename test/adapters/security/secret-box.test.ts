import test from 'ava'
import fc from 'fast-check'
import { createSecretBox, SecretBoxError } from '../../../src/adapters/security/secret-box.ts'
import type { SecretBoxFailure } from '../../../src/ports/secret-box.ts'

const oldKey = { id: 'old', key: Buffer.alloc(32, 1) }
const newKey = { id: 'new', key: Buffer.alloc(32, 2) }
const box = createSecretBox([newKey, oldKey])

test('what was sealed opens again in the same context', (t) => {
  const anyText = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(
      anyText,
      anyText,
      (plaintext, context) => box.open(box.seal(plaintext, context), context) === plaintext,
    ),
  )
  t.pass()
})

test('the same text never seals to the same value, and does not show in it', (t) => {
  const [one, other] = [box.seal('IGAA-token', 'c'), box.seal('IGAA-token', 'c')]
  t.not(one, other)
  t.notRegex(one, /IGAA|SUdBQS/)
})

test('a sealed value names its format and its key', (t) => {
  t.regex(box.seal('x', 'c'), /^v1\.new\.[\w-]{16}\.[\w-]{22}\.[\w-]+$/)
})

test('after a rotation the first key seals and the older ones still open', (t) => {
  const before = createSecretBox([oldKey]).seal('kept', 'c')
  t.is(box.open(before, 'c'), 'kept')
  t.true(box.seal('fresh', 'c').startsWith('v1.new.'))
})

test('a value sealed with a key that is gone names that key', (t) => {
  const sealed = box.seal('x', 'c')
  const error = fails(() => createSecretBox([oldKey]).open(sealed, 'c'))
  t.is(error.code, 'unknown-key')
  t.regex(error.message, /"new"/)
})

test('another context does not open it', (t) => {
  const sealed = box.seal('x', 'organization-1/channel-1')
  t.is(
    failure(() => box.open(sealed, 'organization-2/channel-1')),
    'tampered',
  )
})

test('a change of any part is noticed', (t) => {
  const sealed = box.seal('a secret of some length', 'c')
  const [version, id, ...parts] = sealed.split('.')
  for (const [place, part] of parts.entries()) {
    const changed = parts.with(place, (part.startsWith('A') ? 'B' : 'A') + part.slice(1))
    t.is(
      failure(() => box.open([version, id, ...changed].join('.'), 'c')),
      'tampered',
    )
  }
})

test('a shortened tag is no tag', (t) => {
  const parts = box.seal('x', 'c').split('.')
  const short = parts.with(3, (parts[3] ?? '').slice(0, 6)).join('.')
  t.is(
    failure(() => box.open(short, 'c')),
    'malformed',
  )
})

test('what never was a sealed value is malformed', (t) => {
  for (const junk of ['', 'plain text', 'v2.new.AAAA.BBBB.CCCC', 'v1.new', '{"a":1}', 'v1.new.....']) {
    t.is(
      failure(() => box.open(junk, 'c')),
      'malformed',
      junk,
    )
  }
})

test('an empty ring seals nothing', (t) => {
  t.is(
    failure(() => createSecretBox([]).seal('x', 'c')),
    'no-key',
  )
})

test('a key of another length and a doubled id are refused at once', (t) => {
  t.throws(() => createSecretBox([{ id: 'a', key: Buffer.alloc(16) }]), { message: /32 bytes/ })
  t.throws(() => createSecretBox([oldKey, oldKey]), { message: /same id/ })
})

function failure(act: () => unknown): SecretBoxFailure {
  return fails(act).code
}

function fails(act: () => unknown): SecretBoxError {
  try {
    act()
  } catch (error) {
    if (error instanceof SecretBoxError) return error
    throw error
  }
  throw new Error('it did not fail')
}
