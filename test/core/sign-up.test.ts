import test from 'ava'
import { createIdSource } from '../../src/adapters/ids.ts'
import { isCommonPassword } from '../../src/adapters/security/common-passwords.ts'
import { signUp } from '../../src/core/organization/sign-up.ts'
import type { NewAccount } from '../../src/ports/account-directory.ts'
import type { CoreSettings } from '../../src/ports/core-ports.ts'

type World = Readonly<{ organizations?: number }> & Partial<Pick<CoreSettings, 'production' | 'signupMode'>>

function stage({ organizations = 0, production = false, signupMode = null }: World) {
  const made: NewAccount[] = []
  const createdAt = new Date(0)
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
      hash: async () => 'a hash',
      verify: async () => false,
      verifyDummy: async () => false,
    },
    settings: { production, signupMode },
  })
  const join = (password = 'correct horse battery') =>
    use({ orgName: ' Shop ', name: ' Sam ', email: ' sam@example.com ', password })
  return { made, join }
}

test('a common password is refused in production, before anything is made', async (t) => {
  const { made, join } = stage({ production: true })
  t.like(await t.throwsAsync(join('password123')), { code: 'weak-password' })
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

/** Whether somebody may sign up: into an empty installation, and into one that has an organization. */
const modes = [
  { signupMode: null, production: false, first: true, further: true },
  { signupMode: null, production: true, first: true, further: false },
  { signupMode: 'open', production: false, first: true, further: true },
  { signupMode: 'open', production: true, first: true, further: true },
  { signupMode: 'invite', production: false, first: true, further: false },
  { signupMode: 'invite', production: true, first: true, further: false },
] as const

for (const { signupMode, production, first, further } of modes) {
  const where = `SIGNUP_MODE ${signupMode ?? 'unset'} ${production ? 'in production' : 'elsewhere'}`
  test(`${where}: ${further ? 'everybody may sign up' : 'the first organization only'}`, async (t) => {
    for (const [organizations, mayJoin] of [
      [0, first],
      [1, further],
      [2, further],
    ] as const) {
      const { made, join } = stage({ organizations, production, signupMode })
      if (mayJoin) await join()
      else t.like(await t.throwsAsync(join()), { code: 'signup-disabled' })
      t.is(made.length, mayJoin ? 1 : 0, `with ${organizations} organizations`)
    }
  })
}
