import test from 'ava'
import { createPasswordHasher } from '../../../src/adapters/security/password-hasher.ts'

const hasher = createPasswordHasher()

test('a password verifies against its own hash only', async (t) => {
  const stored = await hasher.hash('correct horse')
  t.true(await hasher.verify('correct horse', stored))
  t.false(await hasher.verify('correct horsf', stored))
  t.false(await hasher.verify('', stored))
})

test('the hash is a PHC string with the parameters and a salt of its own', async (t) => {
  const [one, other] = await Promise.all([hasher.hash('same'), hasher.hash('same')])
  t.regex(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  t.not(one, other)
})

test('a hash made by another implementation with other parameters verifies', async (t) => {
  // A test vector of the reference implementation (phc-winner-argon2, test.c).
  const stored = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  t.true(await hasher.verify('password', stored))
  t.false(await hasher.verify('passwore', stored))
})

test('what is no hash of ours never verifies and never throws', async (t) => {
  const tag = 'A'.repeat(43)
  const unreadable = [
    '',
    'password',
    '$2b$12$abcdefghijklmnopqrstuv',
    `$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$${tag}`,
    `$argon2id$v=19$m=1,t=2,p=1$c29tZXNhbHQ$${tag}`,
    `$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$${tag}`,
    `$argon2id$v=19$m=19456,t=0,p=1$c29tZXNhbHQ$${tag}`,
    `$argon2id$v=19$m=19456,t=2,p=0$c29tZXNhbHQ$${tag}`,
  ]
  for (const stored of unreadable) t.false(await hasher.verify('password', stored), stored)
})

test('the same letters typed on another system are the same password', async (t) => {
  t.true(await hasher.verify('cafe\u0301 secret', await hasher.hash('caf\u00e9 secret')))
})

test('S66: a long password counts to its last character, and with its spaces', async (t) => {
  const same = 'x'.repeat(72)
  const stored = await hasher.hash(`${same}-and-a-1`)
  t.true(await hasher.verify(`${same}-and-a-1`, stored))
  t.false(await hasher.verify(`${same}-and-a-2`, stored))
  t.false(await hasher.verify(same, stored))
  t.false(await hasher.verify(`${same}-and-a-1 `, stored))
})

test('S53: the dummy check does the same work as a real one', async (t) => {
  const work: object[] = []
  const counting = createPasswordHasher(async ({ message, nonce, ...cost }) => {
    work.push({
      ...cost,
      message: Buffer.from(message as Uint8Array).toString(),
      saltBytes: Buffer.from(nonce as Uint8Array).length,
    })
    return Buffer.alloc(cost.tagLength)
  })
  const stored = await counting.hash('x')
  work.length = 0
  t.true(await counting.verify('x', stored))
  t.false(await counting.verifyDummy('x'))
  const [real, dummy] = work
  t.is(work.length, 2)
  t.deepEqual(dummy, real)
})
