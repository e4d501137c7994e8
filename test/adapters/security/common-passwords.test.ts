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
