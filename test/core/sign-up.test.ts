import test from 'ava'
import { createIdSource } from '../../src/adapters/ids.ts'
import { isCommonPassword } from '../../src/adapters/security/common-passwords.ts'
import { signUp } from '../../src/core/organization/sign-up.ts'
import type { NewAccount } from '../../src/ports/account-directory.ts'
import type { CoreSettings } from '../../src/ports/core-ports.ts'

type World = Readonly<{ organizations?: number }> & Partial<Pick<CoreSettings, 'production' | 'signupMode'>>

function stage({ organizations = 0, production = false, signupMode = 'open' }: World) {
  const made: NewAccount[] = []
  const createdAt = new Date(0)
  let hashes = 0
  const use = signUp({
    accounts: {
      countOrganizations: async () => organizations + made.length,
      create: async (account) => {
        made.push(account)
        const { user, org } = account
        return { user: { id: user.id, email: user.email, name: user.name, createdAt }, org: { ...org, createdAt } }
      },
    },
    clock: { now: () => createdAt, monotonicMs: () => 0 },
    ids: createIdSource(),
    isCommonPassword,
    passwordHasher: {
      hash: async () => {
        hashes++
        return 'a hash'
      },
      verify: async () => false,
      verifyDummy: async () => false,
    },
    settings: { production, signupMode },
  })
  const join = (password = 'correct horse battery') =>
    use({ orgName: ' Shop ', name: ' Sam ', email: ' sam@example.com ', password })
  return { made, hashed: () => hashes, join }
}

test('S66: a common password is refused in production, before anything is made', async (t) => {
  const { made, join } = stage({ production: true })
  for (const password of ['password123', 'Sam@Example.com'])
    t.like(await t.throwsAsync(join(password)), { code: 'weak-password' })
  t.deepEqual(made, [])
  t.deepEqual((await join()).warnings, [])
})

test('a common password is only named elsewhere', async (t) => {
  const { made, join } = stage({})
  t.deepEqual((await join('password123')).warnings, ['weak-password'])
  t.deepEqual((await join()).warnings, [])
  t.is(made.length, 2)
  t.like(made[0], { org: { name: 'Shop' }, user: { name: 'Sam', email: 'sam@example.com', passwordHash: 'a hash' } })
})

for (const production of [false, true]) {
  const where = production ? 'in production' : 'elsewhere'
  test(`SIGNUP_MODE open ${where}: everybody may make an organization`, async (t) => {
    for (const organizations of [0, 1, 2]) {
      const { made, join } = stage({ organizations, production, signupMode: 'open' })
      await join()
      t.false(made[0]?.onlyIfFirst)
    }
  })

  test(`SIGNUP_MODE invite ${where}: the first organization only`, async (t) => {
    for (const organizations of [0, 1, 2]) {
      const { made, join } = stage({ organizations, production, signupMode: 'invite' })
      if (organizations === 0) await join()
      else t.like(await t.throwsAsync(join()), { code: 'signup-disabled' })
      t.deepEqual(
        made.map(({ onlyIfFirst }) => onlyIfFirst),
        organizations === 0 ? [true] : [],
      )
    }
  })
}

test('who is refused costs no hash of a password', async (t) => {
  const { hashed, join } = stage({ organizations: 1, signupMode: 'invite' })
  await t.throwsAsync(join())
  t.is(hashed(), 0)
})
