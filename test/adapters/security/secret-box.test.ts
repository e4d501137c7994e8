import test from 'ava'
import fc from 'fast-check'
import { createSecretBox, newNonce, SecretBoxError } from '../../../src/adapters/security/secret-box.ts'
import type { SealedPlace, SecretBoxFailure } from '../../../src/ports/secret-box.ts'

const oldKey = { id: 'old', key: Buffer.alloc(32, 1) }
const newKey = { id: 'new', key: Buffer.alloc(32, 2) }
const box = createSecretBox([newKey, oldKey])
const HERE: SealedPlace = {
  ...{ orgId: 'organization-1', table: 'channel_secrets', column: 'sealed', row: ['channel-1', 'accessToken'] },
  formerly: 'c',
}

test('what was sealed opens again in the same place', (t) => {
  const anyText = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(anyText, anyText, (plaintext, row) => {
      const place = { ...HERE, row: [row] }
      return box.open(box.seal(plaintext, place), place) === plaintext
    }),
  )
  t.pass()
})

test('the same text never seals to the same value, and does not show in it', (t) => {
  const [one, other] = [box.seal('IGAA-token', HERE), box.seal('IGAA-token', HERE)]
  t.not(one, other)
  t.notRegex(one, /IGAA|SUdBQS/)
})

test('a sealed value names its format and its key', (t) => {
  t.regex(box.seal('x', HERE), /^v2\.new\.[\w-]{16}\.[\w-]{22}\.[\w-]+$/)
})

test('after a rotation the first key seals and the older ones still open', (t) => {
  const before = createSecretBox([oldKey]).seal('kept', HERE)
  t.is(box.open(before, HERE), 'kept')
  t.true(box.seal('fresh', HERE).startsWith('v2.new.'))
})

test('a value sealed with a key that is gone names that key', (t) => {
  const sealed = box.seal('x', HERE)
  const error = fails(() => createSecretBox([oldKey]).open(sealed, HERE))
  t.is(error.code, 'unknown-key')
  t.regex(error.message, /"new"/)
})

test('what the first version of this program sealed opens in the context that it had', (t) => {
  const sealed = 'v1.old.yl1FZLuteLjMw9TA.hIoZljRkMNMNIOei4ZkyQQ.v6S3u8YIK7u9'
  t.is(box.open(sealed, HERE), 'IGAA-kept')
  t.is(
    failure(() => box.open(sealed, { ...HERE, formerly: 'd' })),
    'tampered',
  )
  t.is(
    failure(() => box.open(sealed.replace('v1', 'v2'), HERE)),
    'tampered',
  )
  t.deepEqual(box.inspect(sealed), { keyId: 'old', isCurrent: false })
})

test('another organization, table, column or row does not open it, nor a list of the same letters', (t) => {
  const sealed = box.seal('x', HERE)
  t.is(box.open(sealed, { ...HERE, formerly: 'another' }), 'x')
  const others: readonly Partial<SealedPlace>[] = [
    ...[{ orgId: 'organization-2' }, { table: 'connect_attempts' }, { column: 'settings' }],
    ...[['channel-2', 'accessToken'], ['channel-1', 'appSecret'], ['channel-1'], ['channel-1,accessToken']].map(
      (row) => ({ row }),
    ),
    { column: 'channel-1', row: ['sealed', 'accessToken'] },
  ]
  for (const other of others) {
    t.is(
      failure(() => box.open(sealed, { ...HERE, ...other })),
      'tampered',
      JSON.stringify(other),
    )
  }
})

test('a value says which key sealed it, also a key that is gone, and whether it would be sealed so now', (t) => {
  t.deepEqual(box.keyIds, ['new', 'old'])
  t.deepEqual(box.inspect(box.seal('x', HERE)), { keyId: 'new', isCurrent: true })
  t.deepEqual(createSecretBox([oldKey]).inspect(box.seal('x', HERE)), { keyId: 'new', isCurrent: false })
  t.deepEqual(box.inspect(createSecretBox([oldKey]).seal('x', HERE)), { keyId: 'old', isCurrent: false })
  t.is(box.inspect('plain text'), null)
})

test('S119: no two of a million nonces are the same, and each value has one', (t) => {
  // Their first eight bytes are enough to tell them apart, and sorted numbers are quicker looked through than texts.
  const made = new BigUint64Array(1_000_000).map(() => newNonce().readBigUInt64LE())
  t.is(
    made.sort().findIndex((nonce, at) => nonce === made[at - 1]),
    -1,
  )
  const [from, to] = ['v2.new.'.length, 'v2.new.'.length + 16]
  const used = new Set(Array.from({ length: 1_000 }, () => box.seal('', HERE).slice(from, to)))
  t.is(used.size, 1_000)
})

test('S118: a change of any part is noticed', (t) => {
  const sealed = box.seal('a secret of some length', HERE)
  const [version, id, ...parts] = sealed.split('.')
  for (const [place, part] of parts.entries()) {
    const changed = parts.with(place, (part.startsWith('A') ? 'B' : 'A') + part.slice(1))
    t.is(
      failure(() => box.open([version, id, ...changed].join('.'), HERE)),
      'tampered',
    )
  }
})

test('a shortened tag is no tag', (t) => {
  const parts = box.seal('x', HERE).split('.')
  const short = parts.with(3, (parts[3] ?? '').slice(0, 6)).join('.')
  t.is(
    failure(() => box.open(short, HERE)),
    'malformed',
  )
})

test('what never was a sealed value is malformed', (t) => {
  for (const junk of [
    '',
    'plain text',
    'v2.new.AAAA.BBBB.CCCC',
    'v3.new.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBB.CCCC',
    'v1.new',
    '{"a":1}',
    'v1.new.....',
  ]) {
    t.is(
      failure(() => box.open(junk, HERE)),
      'malformed',
      junk,
    )
  }
})

test('an empty ring seals nothing', (t) => {
  t.is(
    failure(() => createSecretBox([]).seal('x', HERE)),
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
