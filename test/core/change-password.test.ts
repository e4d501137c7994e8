import test from 'ava'
import { noMailer } from '../../src/adapters/mail/no-mailer.ts'
import { isCommonPassword } from '../../src/adapters/security/common-passwords.ts'
import { changePassword } from '../../src/core/member/change-password.ts'
import { RecordingLog } from '../fakes/recording-log.ts'

function stage({ production }: { production: boolean }) {
  const set: unknown[] = []
  const now = new Date('2026-03-01T12:00:00.000Z')
  const use = changePassword({
    accounts: {
      setPassword: async (email, change) => {
        set.push([email, change])
        return email === 'sam@example.com'
      },
    },
    clock: { now: () => now, monotonicMs: () => 0 },
    ids: { next: () => 'an-id', derive: () => 'an-id' },
    isCommonPassword,
    log: new RecordingLog(),
    mailer: noMailer,
    passwordHasher: {
      hash: async (password) => `hash of ${password}`,
      verify: async () => false,
      verifyDummy: async () => false,
    },
    settings: { production },
  })
  const change = (password: string, email = 'sam@example.com') => use({ email, password, requestId: 'a-request' })
  return { set, change, now }
}

test('a new password is kept as its hash, and sessions from before that moment are over', async (t) => {
  const { set, change, now } = stage({ production: true })
  t.deepEqual(await change('correct horse battery'), { warnings: [] })
  const audit = { id: 'an-id', action: 'password.changed', requestId: 'a-request' }
  t.deepEqual(set, [['sam@example.com', { passwordHash: 'hash of correct horse battery', now, audit }]])
  t.like(await t.throwsAsync(change('correct horse battery', 'gone@example.com')), { code: 'not-found' })
})

test('S66: a common password is refused in production before anything changes, and named elsewhere', async (t) => {
  const { set, change } = stage({ production: true })
  t.like(await t.throwsAsync(change('password123')), { code: 'weak-password' })
  t.like(await t.throwsAsync(change('sam@example.com')), { code: 'weak-password' }, 'nor is one that is the address')
  t.deepEqual(set, [])
  t.deepEqual(await stage({ production: false }).change('password123'), { warnings: ['weak-password'] })
})
