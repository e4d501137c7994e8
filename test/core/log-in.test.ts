import test from 'ava'
import type { UserId } from '../../src/core/ids.ts'
import { logIn } from '../../src/core/organization/log-in.ts'
import type { CorePorts } from '../../src/ports/core-ports.ts'

const RIGHT = 'correct horse battery'

/** Two people, of whom one belongs nowhere any more; what was hashed, by which way. */
function stage() {
  const work: string[] = []
  const people = ['sam@example.com', 'disabled@example.com']
  const accounts = {
    credentials: async (email: string) =>
      people.includes(email) ? { userId: email as UserId, passwordHash: `hash of ${RIGHT}` } : null,
    user: async (id: UserId) => ({ id, email: id, name: 'Sam', createdAt: new Date(0) }),
    memberships: async () => [],
  } as Partial<CorePorts['accounts']> as CorePorts['accounts']
  const use = logIn({
    accounts,
    passwordHasher: {
      hash: async () => '',
      verify: async (password, stored) => {
        work.push(`one hash of ${password}`)
        return stored === `hash of ${password}`
      },
      verifyDummy: async (password) => {
        work.push(`one hash of ${password}`)
        return false
      },
    },
  })
  return { use, work }
}

test('S53: no such person, a wrong password and one of a disabled person: nothing, after one hash each', async (t) => {
  for (const email of ['nobody@example.com', 'sam@example.com', 'disabled@example.com', '']) {
    const { use, work } = stage()
    t.is(await use({ email, password: 'wrong' }), null, email)
    t.deepEqual(work, ['one hash of wrong'], email)
  }
  const { use, work } = stage()
  t.like(await use({ email: ' sam@example.com ', password: RIGHT }), { user: { email: 'sam@example.com' } })
  t.is(work.length, 1)
})
