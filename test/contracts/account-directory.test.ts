import test from 'ava'
import { createAccountDirectory } from '../../src/adapters/persistence/account-directory.ts'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { MemberId, OrgId, UserId } from '../../src/core/ids.ts'
import { FakeAccounts } from '../fakes/fake-accounts.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { ids } from '../support/seed.ts'
import { accountDirectoryContract } from './account-directory.contract.ts'

accountDirectoryContract(test, {
  name: 'in memory',
  async make() {
    const accounts = new FakeAccounts()
    return {
      accounts,
      people: {
        signUp: async (email) => accounts.add({ email, password: 'a password' }),
        join: async (user, org, role) => accounts.join(user.id, org, role),
        leave: async (user, org) => accounts.leave(user.id, org.id),
        endSessions: async (user, at) => accounts.since.set(user.id, at),
      },
    }
  },
})

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  accountDirectoryContract(test, {
    name: `PostgreSQL (${profile})`,
    async make() {
      const orm = db.orm({ poolSize: 2 })
      const accounts = createAccountDirectory({ orm })
      return {
        accounts,
        people: {
          signUp: (email) =>
            accounts.create({
              org: { id: ids.next() as OrgId, name: 'Some Company' },
              user: { id: ids.next() as UserId, email, name: 'Some Body', passwordHash: 'hash' },
              memberId: ids.next() as MemberId,
              onlyIfFirst: false,
              now: new Date(),
            }),
          join: (user, org, role) =>
            accounts.addMember({
              orgId: org.id,
              memberId: ids.next() as MemberId,
              userId: user.id,
              email: user.email,
              name: user.name,
              passwordHash: 'hash',
              role,
              // Later than the person's own organization, whatever the clock's grain.
              now: new Date(user.createdAt.getTime() + 1_000),
            }),
          leave: (user, org) =>
            inOrganization(orm, org.id, (tx) =>
              tx.affected('update memberships set active = false where user_id = $1', [user.id]),
            ),
          endSessions: (user, at) =>
            accounts.setPassword(user.email, {
              passwordHash: 'another hash',
              now: at,
              audit: { id: ids.next(), action: 'password.changed', requestId: null },
            }),
        },
      }
    },
  })
})
