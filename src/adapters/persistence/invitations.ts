import type { InvitationId, MemberId, OrgId, UserId } from '../../core/ids.ts'
import { AlreadyMember, LinkNotValid, stands } from '../../core/member/invitation.ts'
import type { Member } from '../../core/member/member.ts'
import type { Role } from '../../core/member/permissions.ts'
import { OrganizationLimitReached } from '../../core/organization/organization-limits.ts'
import type { IdSource } from '../../ports/id-source.ts'
import type { Invitations, Invitee } from '../../ports/invitations.ts'
import type { OrgView, UserView } from '../../ports/views.ts'
import { refuseTaken } from './account-directory.ts'
import { holdCount } from './organization-counts.ts'
import { invitationById, invitationsPage } from './queries/invitations.ts'
import { type MembershipRow, OrganizationRow, UserRow } from './rows/account-rows.ts'
import { createAuditLog } from './stores/audit-log.ts'
import { createOutbox } from './stores/outbox.ts'
import { asSystem, type Orm, readInOrganization, type SystemTx } from './transaction.ts'
import { withRetries } from './unit-of-work.ts'

type Deps = Readonly<{ orm: Orm; ids: IdSource }>
type Accepted = Parameters<Invitations['accept']>[0]
type Found = Readonly<{ email: string; role: Role; org: OrgView }>

/** Whoever comes with a token belongs nowhere yet: so as the system role. */
export const createInvitations = (deps: Deps): Invitations => ({
  find: (tokenHash, now) => asSystem(deps.orm, (tx) => standing(tx, tokenHash, now)),

  // Whoever invites the same person meanwhile has the inviter, and waits for the invitation: one of the two begins anew.
  accept: (accepted) => withRetries(() => asSystem(deps.orm, (tx) => accept(tx, deps, accepted))),

  page: (orgId, page, now) => readInOrganization(deps.orm, orgId, (tx) => invitationsPage(tx, page, now)),

  one: (orgId, id, now) => readInOrganization(deps.orm, orgId, (tx) => invitationById(tx, id, now)),
})

type Row = { id: InvitationId; org_id: OrgId; email: string; role: Role; invited_by: MemberId; expires_at: Date }

const COLUMNS = 'id, org_id, email, role, invited_by, expires_at'

/** Taken out where it is to be used up, which of several at once one alone can; whoever gave it stays what they are meanwhile. */
async function standing(tx: SystemTx, tokenHash: string, now: Date, { take = false } = {}): Promise<Found | null> {
  const [row] = await tx.rows<Row>(
    take
      ? `delete from invitations where token_hash = $1 returning ${COLUMNS}`
      : `select ${COLUMNS} from invitations where token_hash = $1`,
    [tokenHash],
  )
  if (!row) return null
  const [inviter] = await tx.rows<Member>(
    `select id, role, active from memberships where org_id = $1 and id = $2 ${take ? 'for share' : ''}`,
    [row.org_id, row.invited_by],
  )
  if (!inviter || !stands({ role: row.role, expiresAt: row.expires_at }, inviter, now)) return null
  const { id, name, createdAt } = await tx.em.findOneOrFail(OrganizationRow, { id: row.org_id })
  return { email: row.email, role: row.role, org: { id, name, createdAt } }
}

async function accept(tx: SystemTx, { ids }: Deps, accepted: Accepted): Promise<{ user: UserView; org: OrgView }> {
  const { tokenHash, invitee, memberId, requestId, most, now } = accepted
  const found = await standing(tx, tokenHash, now, { take: true })
  if (found === null) throw new LinkNotValid()
  const { org, email, role } = found
  // Its own place is free again, unless fewer are allowed by now.
  if ((await holdCount(tx, org.id, 'members', now)) >= most) throw new OrganizationLimitReached('members', most)
  const person = await personOf(tx, invitee, email, now)
  const member = await join(tx, org.id, person, { memberId, role, now })
  const own = { ...tx, orgId: org.id }
  const actor = { type: 'MEMBER', id: member } as const
  const resource = { type: 'member', id: member } as const
  await createOutbox(own, { ids }).append([
    { type: 'member.joined', actor, resource, ticketId: null, data: { role }, requestId },
  ])
  await createAuditLog(own, { ids }).record({
    ...{ actorType: 'MEMBER', actorId: member, action: 'member.joined', requestId },
    ...{ resourceType: 'member', resourceId: member },
  })
  const { id, name, createdAt } = person
  return { user: { id, email: person.email, name, createdAt }, org }
}

/** Never the password of somebody who is there: with the address of an account comes that account, or nobody. */
async function personOf(tx: SystemTx, invitee: Invitee, email: string, now: Date): Promise<UserRow> {
  if (invitee.known === null) {
    const { id, name, passwordHash } = invitee
    const made = tx.em.create(UserRow, { id, email, name, passwordHash, createdAt: now }, { persist: true })
    await tx.em.flush().catch(refuseTaken)
    return made
  }
  const person = await tx.em.findOne(UserRow, { id: invitee.known })
  if (person?.email.toLowerCase() !== email.toLowerCase()) throw new LinkNotValid()
  return person
}

/** Somebody who was removed is the same member again. */
async function join(
  tx: SystemTx,
  orgId: OrgId,
  person: Readonly<{ id: UserId; name: string }>,
  { memberId, role, now }: Readonly<{ memberId: MemberId; role: Role; now: Date }>,
): Promise<MemberId> {
  const [joined] = await tx.rows<Pick<MembershipRow, 'id'>>(
    `insert into memberships as m (id, org_id, user_id, name, role, created_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (org_id, user_id) do update set role = excluded.role, active = true, removed_at = null
       where not m.active and m.removed_at is not null
     returning id`,
    [memberId, orgId, person.id, person.name, role, now],
  )
  if (!joined) throw new AlreadyMember()
  return joined.id
}
