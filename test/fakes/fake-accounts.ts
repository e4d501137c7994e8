import { randomUUID } from 'node:crypto'
import type { Role } from '../../src/core/actor.ts'
import { Unavailable } from '../../src/core/errors.ts'
import type { MemberId, OrgId, UserId } from '../../src/core/ids.ts'
import type { AccountDirectory, MemberFilter } from '../../src/ports/account-directory.ts'
import type { PageOf, PageRequest } from '../../src/ports/inbox-queries.ts'
import type { MembershipView, MemberView, OrgView, UserView } from '../../src/ports/views.ts'

type Membership = MembershipView & Readonly<{ userId: UserId }>

/** People and organizations in memory. */
export class FakeAccounts
  implements Pick<AccountDirectory, 'user' | 'memberships' | 'membership' | 'members' | 'member' | 'sessionsSince'>
{
  readonly people = new Map<UserId, UserView & Readonly<{ password: string }>>()
  memberships_: Membership[] = []
  away = false
  readonly since = new Map<UserId, Date>()
  readonly removed = new Set<MemberId>()

  add(person: { email: string; password: string; orgName?: string; role?: Role }): {
    user: UserView
    org: OrgView
    memberId: MemberId
  } {
    const at = new Date('2026-11-22T08:00:00.000Z')
    const user = { id: randomUUID() as UserId, email: person.email, name: 'Some Body', createdAt: at }
    const org = { id: randomUUID() as OrgId, name: person.orgName ?? 'Some Company', createdAt: at }
    this.people.set(user.id, { ...user, password: person.password })
    return { user, org, memberId: this.join(user.id, org, person.role ?? 'OWNER') }
  }

  join(userId: UserId, org: OrgView, role: Role): MemberId {
    const memberId = randomUUID() as MemberId
    this.memberships_.push({ org, memberId, role, active: true, sessionsSince: null, userId })
    return memberId
  }

  leave(userId: UserId, orgId: OrgId): void {
    const left = this.memberships_.find((one) => one.userId === userId && one.org.id === orgId)
    if (left) this.change(left.memberId, { active: false })
  }

  change(memberId: MemberId, change: Partial<Pick<MembershipView, 'role' | 'active' | 'sessionsSince'>>): void {
    this.memberships_ = this.memberships_.map((one) => (one.memberId === memberId ? { ...one, ...change } : one))
  }

  async user(userId: UserId): Promise<UserView | null> {
    this.#ask()
    const person = this.people.get(userId)
    return person ? { id: person.id, email: person.email, name: person.name, createdAt: person.createdAt } : null
  }

  async memberships(userId: UserId): Promise<readonly MembershipView[]> {
    this.#ask()
    return this.memberships_.filter((membership) => membership.userId === userId && membership.active)
  }

  async membership(orgId: OrgId, userId: UserId): Promise<MembershipView | null> {
    this.#ask()
    return this.memberships_.find((membership) => membership.userId === userId && membership.org.id === orgId) ?? null
  }

  async members(orgId: OrgId, { role, status }: MemberFilter, page: PageRequest): Promise<PageOf<MemberView>> {
    this.#ask()
    const all = this.memberships_
      .filter((one) => one.org.id === orgId && !this.removed.has(one.memberId))
      .map((one) => this.#memberView(one))
      .filter((one) => (role === undefined || one.role === role) && (status === undefined || one.status === status))
    const start = page.after === null ? 0 : all.findIndex(({ id }) => id === page.after?.id) + 1
    const data = all.slice(start, start + page.limit)
    const more = start + page.limit < all.length
    return { data, next: more ? { key: data.at(-1)!.createdAt.toISOString(), id: data.at(-1)!.id } : null }
  }

  async member(orgId: OrgId, memberId: MemberId): Promise<MemberView | null> {
    return (await this.members(orgId, {}, { limit: 100, after: null })).data.find(({ id }) => id === memberId) ?? null
  }

  #memberView({ memberId, org, userId, role, active }: Membership): MemberView {
    const { name, email, createdAt } = this.people.get(userId)!
    const status = active ? 'ACTIVE' : 'DISABLED'
    return { id: memberId, orgId: org.id, userId, name, email, role, status, createdAt }
  }

  async sessionsSince(userId: UserId): Promise<Date | null> {
    this.#ask()
    return this.since.get(userId) ?? null
  }

  #ask(): void {
    if (this.away) throw new Unavailable('The database does not answer. Try again shortly.')
  }
}
