import { createRequire } from 'node:module'
import test from 'ava'
import { isCommonPassword } from '../../../src/adapters/security/common-passwords.ts'

test('the passwords that everybody guesses first are common, in any case', (t) => {
  for (const password of [
    'password123',
    'PASSWORD123',
    'Qwerty123',
    'letmein',
    '123456789',
    'iloveyou',
    'Welcome2026',
  ]) {
    t.true(isCommonPassword(password), password)
  }
})

test('S66: it knows many more than three thousand that are long enough to be taken', (t) => {
  const { dictionary } = createRequire(import.meta.url)('@zxcvbn-ts/language-common')
  const longEnough = (dictionary['passwords-common'] as string[]).filter(({ length }) => length >= 8)
  t.true(longEnough.length > 3_000)
  for (const password of longEnough.slice(0, 3_000)) t.true(isCommonPassword(password), password)
})

test('a word with a year or a few digits and marks behind it is common', (t) => {
  for (const password of ['Summer2026!', 'instagram123', 'Dragon1987', 'support!!', 'welcome@123'])
    t.true(isCommonPassword(password), password)
})

test('S66: what is known of the person is common for them', (t) => {
  t.true(isCommonPassword(' Sam.Miller@Example.com', ['sam.miller@example.com']))
  t.false(isCommonPassword('sam.miller@example.com', ['ann@example.com']))
})

test('runs along the keyboard and repetitions are common', (t) => {
  for (const password of [
    '34567890',
    '98765432',
    'cdefghij',
    'asdfghjkl',
    'lkjhgfds',
    'zzzzzzzzzz',
    'abababab',
    'xyzxyzxyz',
  ]) {
    t.true(isCommonPassword(password), password)
  }
})

test('a password that is merely made of words is not common', (t) => {
  for (const password of ['correct horse battery staple', 'password123 and more', 'tR7!kq-Wz2', 'delight in chat']) {
    t.false(isCommonPassword(password), password)
  }
})
