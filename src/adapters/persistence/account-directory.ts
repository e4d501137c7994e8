import { type AuditAction, lower } from '../../core/audit/audit-actions.ts'
import { DomainError, NotFound } from '../../core/errors.ts'
import type { MemberId, OrgId, UserId } from '../../core/ids.ts'
import { OrganizationLimitReached } from '../../core/organization/organization-limits.ts'
import { SignUpDisabled } from '../../core/organization/sign-up.ts'
import type { AccountDirectory } from '../../ports/account-directory.ts'
import type { MembershipView, UserView } from '../../ports/views.ts'
import { codeOf, isUniqueViolation } from '../postgres-kit/errors.ts'
import { holdCount } from './organization-counts.ts'
import { beginReset, emailOfReset, setPassword, takeReset } from './passwords.ts'
import { memberById, membersPage } from './queries/members.ts'
import { MembershipRow, OrganizationRow, UserRow } from './rows/account-rows.ts'
import { asSystem, type Orm, type SystemTx } from './transaction.ts'
import { isUuid } from './uuid.ts'

/** People and organizations, as the system role: nobody is signed in yet. */
export const createAccountDirectory = ({ orm }: { orm: Orm }): AccountDirectory => ({
  create: ({ org, user, memberId, onlyIfFirst, now }) =>
    asSystem(orm, async (tx) => {
      if (onlyIfFirst) await refuseFurther(tx)
      const createdAt = now
      const membership = {
        id: memberId,
        orgId: org.id,
        userId: user.id,
        name: user.name,
        role: 'OWNER',
        active: true,
      } as const
      tx.em.create(OrganizationRow, { ...org, createdAt }, { persist: true })
      tx.em.create(UserRow, { ...user, createdAt }, { persist: true })
      await tx.em.flush().catch(refuseTaken)
      // After the rows it refers to: entities name ids, so the ORM cannot know the order.
      tx.em.create(MembershipRow, { ...membership, createdAt }, { persist: true })
      await tx.em.flush()
      await tx.affected('insert into ticket_counters (org_id) values ($1)', [org.id])
      await tx.affected('insert into event_counters (org_id) values ($1)', [org.id])
      const about = { type: 'organization', id: org.id }
      await noteInOrganization(tx, org.id, { by: memberId, action: 'organization.created', about })
      return {
        user: { id: user.id, email: user.email, name: user.name, createdAt },
        org: { id: org.id, name: org.name, createdAt },
      }
    }),

  credentials: (email) =>
    asSystem(orm, async (tx) => {
      const row = await byEmail(tx, email)
      return row && { userId: row.id, passwordHash: row.passwordHash }
    }),

  user: (userId) =>
    asSystem(orm, async ({ em }) => {
      const row = isUuid(userId) ? await em.findOne(UserRow, { id: userId }) : null
      return row && userView(row)
    }),

  memberships: (userId) => asSystem(orm, (tx) => membershipsOf(tx, userId, 'and m.active')),

  membership: (orgId, userId) =>
    asSystem(orm, async (tx) =>
      isUuid(orgId) ? ((await membershipsOf(tx, userId, 'and m.org_id = $2', [orgId]))[0] ?? null) : null,
    ),

  members: (orgId, filter, page) => asSystem(orm, (tx) => membersPage(tx, orgId, filter, page)),

  member: (orgId, memberId) => asSystem(orm, (tx) => memberById(tx, orgId, memberId)),

  countOrganizations: () => asSystem(orm, ({ em }) => em.count(OrganizationRow)),

  addMember: (member) => asSystem(orm, (tx) => addMember(tx, member)),

  setPassword: (email, change) =>
    asSystem(orm, async (tx) => {
      const row = await byEmail(tx, email)
      if (row !== null) await setPassword(tx, row, change)
      return row !== null
    }),

  beginReset: (email, reset) => asSystem(orm, (tx) => beginReset(tx, email, reset)),
  emailOfReset: (tokenHash, now) => asSystem(orm, (tx) => emailOfReset(tx, tokenHash, now)),
  finishReset: (tokenHash, change) =>
    asSystem(orm, async (tx) => {
      const userId = await takeReset(tx, tokenHash, change.now)
      if (userId !== null) await setPassword(tx, await tx.em.findOneOrFail(UserRow, { id: userId }), change)
      return userId !== null
    }),

  sessionsSince: (userId) =>
    asSystem(orm, async ({ em }) =>
      isUuid(userId) ? ((await em.findOne(UserRow, { id: userId }))?.sessionsSince ?? null) : null,
    ),
})

/** By a member, or by the operator. */
async function noteInOrganization(
  tx: SystemTx,
  orgId: OrgId,
  {
    by,
    action,
    about,
  }: Readonly<{ by: MemberId | null; action: AuditAction; about: Readonly<{ type: string; id: string }> }>,
): Promise<void> {
  await tx.affected(
    `insert into audit_log (id, org_id, actor_type, actor_id, action, resource_type, resource_id)
     values (gen_random_uuid(), $1, $2, $3, $4, $5, $6)`,
    [orgId, by === null ? 'SYSTEM' : 'MEMBER', by, action, about.type, about.id],
  )
}

/** Waits for whoever else is making the first organization, and counts after that. */
async function refuseFurther(tx: SystemTx): Promise<void> {
  await tx.rows("select pg_advisory_xact_lock(hashtextextended('first organization', 0))", [])
  const [row] = await tx.rows<{ any: boolean }>('select exists (select from organizations) as any', [])
  if (row?.any !== false) throw new SignUpDisabled()
}

async function addMember(tx: SystemTx, member: Parameters<AccountDirectory['addMember']>[0]): Promise<UserView> {
  const { orgId, memberId, email, name, passwordHash, role, now } = member
  let user = await byEmail(tx, email)
  if (user === null) {
    user = tx.em.create(UserRow, { id: member.userId, email, name, passwordHash, createdAt: now }, { persist: true })
    await tx.em.flush().catch(refuseTaken)
  }
  if (member.most !== undefined) await refuseBeyond(tx, user.id, { ...member, most: member.most })
  try {
    // Somebody who was a member is one again.
    const [added] = await tx.rows<{ id: MemberId }>(
      `insert into memberships (id, org_id, user_id, name, role, created_at) values ($1, $2, $3, $4, $5, $6)
       on conflict (org_id, user_id) do update set role = excluded.role, active = true, removed_at = null returning id`,
      [memberId, orgId, user.id, name, role, now],
    )
    const action = `member.added-as-${lower(role)}` as const
    await noteInOrganization(tx, orgId, { by: null, action, about: { type: 'member', id: added?.id ?? memberId } })
  } catch (error) {
    if (codeOf(error) === '23503' || !isUuid(orgId)) throw new NotFound('organization')
    throw error
  }
  return userView(user)
}

/** Whoever is a member already takes no other place. */
async function refuseBeyond(
  tx: SystemTx,
  userId: UserId,
  { orgId, most, now }: Readonly<{ orgId: OrgId; most: number; now: Date }>,
): Promise<void> {
  if (!isUuid(orgId)) return
  const count = await holdCount(tx, orgId, 'members', now)
  if (count < most) return
  const isMember = await tx.rows(
    'select from memberships where org_id = $1 and user_id = $2 and (active or removed_at is null)',
    [orgId, userId],
  )
  if (isMember.length === 0) throw new OrganizationLimitReached('members', most)
}

export const refuseTaken = (error: unknown): never => {
  if (!isUniqueViolation(error, 'users_email')) throw error
  throw new DomainError('email-taken', 'Somebody has signed up with this e-mail address already.', { cause: error })
}

/** Upper and lower case are one to the server, as in the index that keeps addresses unique. */
async function byEmail(tx: SystemTx, email: string): Promise<UserRow | null> {
  const [row] = await tx.rows<{ id: UserId }>('select id from users where lower(email) = lower($1)', [email])
  return row ? tx.em.findOne(UserRow, { id: row.id }) : null
}

type Membership = {
  member_id: MemberId
  role: MembershipView['role']
  active: boolean
  sessions_since: Date | null
  org_id: OrgId
  org_name: string
  org_created_at: Date
}

async function membershipsOf(
  tx: SystemTx,
  userId: UserId,
  also: string,
  params: unknown[] = [],
): Promise<MembershipView[]> {
  if (!isUuid(userId)) return []
  const rows = await tx.rows<Membership>(
    `select m.id as member_id, m.role, m.active, m.sessions_since, o.id as org_id, o.name as org_name, o.created_at as org_created_at
     from memberships m join organizations o on o.id = m.org_id where m.user_id = $1 ${also} order by m.created_at, m.id`,
    [userId, ...params],
  )
  return rows.map((row) => ({
    org: { id: row.org_id, name: row.org_name, createdAt: row.org_created_at },
    memberId: row.member_id,
    role: row.role,
    active: row.active,
    sessionsSince: row.sessions_since,
  }))
}

const userView = ({ id, email, name, createdAt }: UserRow): UserView => ({ id, email, name, createdAt })
