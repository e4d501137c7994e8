import { randomUUID } from 'node:crypto'
import type { TestFn } from 'ava'
import type { Role } from '../../src/core/actor.ts'
import type { MemberId, OrgId, UserId } from '../../src/core/ids.ts'
import type { AccountDirectory } from '../../src/ports/account-directory.ts'
import type { OrgView, UserView } from '../../src/ports/views.ts'

/** The questions that the HTTP side asks; what makes and changes accounts is `people`. */
export type AccountsUnderTest = Readonly<{
  accounts: Pick<AccountDirectory, 'user' | 'memberships' | 'membership' | 'members' | 'member' | 'sessionsSince'>
  people: Readonly<{
    /** A person with an organization of their own. */
    signUp(email: string): Promise<{ user: UserView; org: OrgView }>
    join(user: UserView, org: OrgView, role: Role): Promise<unknown>
    leave(user: UserView, org: OrgView): Promise<unknown>
    endSessions(user: UserView, at: Date): Promise<unknown>
  }>
}>

export type AccountsKit = Readonly<{ name: string; make(): Promise<AccountsUnderTest> }>

/** What every directory of people and organizations keeps. */
export function accountDirectoryContract(test: TestFn, { name, make }: AccountsKit): void {
  const email = (): string => `person-${randomUUID()}@example.com`

  test(`${name}: a person is found by id, and nobody else is`, async (t) => {
    const { accounts, people } = await make()
    const { user, org } = await people.signUp(email())
    t.like(await accounts.user(user.id), { id: user.id, email: user.email })
    t.is(await accounts.user(randomUUID() as UserId), null)
    t.like(await accounts.membership(org.id, user.id), { org: { id: org.id }, role: 'OWNER', active: true })
    t.is(await accounts.membership(org.id, randomUUID() as UserId), null)
    t.is(await accounts.membership(randomUUID() as OrgId, user.id), null)
    t.deepEqual(await accounts.memberships(randomUUID() as UserId), [])
  })

  test(`${name}: memberships come oldest first, and those that ended only where they are asked for`, async (t) => {
    const { accounts, people } = await make()
    const { user, org } = await people.signUp(email())
    const { user: other, org: second } = await people.signUp(email())
    await people.join(user, second, 'AGENT')
    t.deepEqual(
      (await accounts.memberships(user.id)).map((one) => [one.org.id, one.role]),
      [
        [org.id, 'OWNER'],
        [second.id, 'AGENT'],
      ],
    )
    await people.leave(user, second)
    t.deepEqual(
      (await accounts.memberships(user.id)).map((one) => one.org.id),
      [org.id],
    )
    t.is((await accounts.membership(second.id, user.id))?.active, false)
    t.is((await accounts.membership(second.id, other.id))?.active, true)
    t.is(await accounts.membership(org.id, other.id), null)
  })

  test(`${name}: one person's sessions are ended from a time on, to the millisecond`, async (t) => {
    const { accounts, people } = await make()
    const [{ user }, { user: other }] = [await people.signUp(email()), await people.signUp(email())]
    t.is(await accounts.sessionsSince(user.id), null)
    const at = new Date('2026-11-24T12:00:00.123Z')
    await people.endSessions(user, at)
    t.deepEqual(await accounts.sessionsSince(user.id), at)
    t.is(await accounts.sessionsSince(other.id), null)
    t.is(await accounts.sessionsSince(randomUUID() as UserId), null)
  })

  test(`${name}: an organization's members are listed a page at a time, and each by itself`, async (t) => {
    const { accounts, people } = await make()
    const { user, org } = await people.signUp(email())
    const [admin, agent] = [await people.signUp(email()), await people.signUp(email())]
    await people.join(admin.user, org, 'ADMIN')
    await people.join(agent.user, org, 'AGENT')
    await people.leave(agent.user, org)
    const first = await accounts.members(org.id, {}, { limit: 2, after: null })
    t.is(first.data.length, 2)
    const second = await accounts.members(org.id, {}, { limit: 2, after: first.next })
    t.is(second.next, null)
    const all = [...first.data, ...second.data]
    t.deepEqual(
      all.map((one) => [one.userId, one.email, one.role, one.status]).toSorted(),
      [
        [user.id, user.email, 'OWNER', 'ACTIVE'],
        [admin.user.id, admin.user.email, 'ADMIN', 'ACTIVE'],
        [agent.user.id, agent.user.email, 'AGENT', 'DISABLED'],
      ].toSorted(),
    )
    for (const [filter, expected] of [
      [{ role: 'ADMIN' }, [admin.user.id]],
      [{ status: 'DISABLED' }, [agent.user.id]],
      [{ role: 'AGENT', status: 'ACTIVE' }, []],
    ] as const) {
      const { data } = await accounts.members(org.id, filter, { limit: 100, after: null })
      t.deepEqual(
        data.map((one) => one.userId),
        [...expected],
      )
    }
    for (const one of all) t.deepEqual(await accounts.member(org.id, one.id), one)
    t.is(await accounts.member(admin.org.id, all[0]!.id), null, 'nothing of another organization')
    t.is(await accounts.member(org.id, 'nonsense' as MemberId), null)
  })
}
