import type { CorePorts } from '../../ports/core-ports.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import { type Actor, by } from '../actor.ts'
import { type AuditAction, lower } from '../audit/audit-actions.ts'
import { NotFound } from '../errors.ts'
import type { InvitationId } from '../ids.ts'
import { makeRoom } from '../organization/organization-limits.ts'
import { AlreadyMember, INVITATION_MS, type Invitation } from './invitation.ts'
import { invitationLetter, sendLetter } from './letters.ts'
import { checkManager } from './member.ts'
import type { Role } from './permissions.ts'

type Ports = Pick<
  CorePorts,
  'accounts' | 'clock' | 'ids' | 'log' | 'mailer' | 'oneTimeTokens' | 'settings' | 'unitOfWork'
>

/** `link` is told this once: what is kept of it opens nothing. */
export type Invited = Readonly<{ id: InvitationId; link: string }>

/**
 * For one address and one role; an earlier one for the address dies. The same for addresses that somebody has here and those that
 * nobody has. Throws DomainError `forbidden` or `already-member`, `OrganizationLimitReached`.
 */
export const invite =
  (ports: Ports) =>
  async (actor: Actor, { email, role }: { email: string; role: Role }): Promise<Invited> => {
    const address = email.trim()
    await refuseMembers(ports, actor, address)
    const fresh = newLink(ports)
    const id = await ports.unitOfWork.run(actor.orgId, async (stores) => {
      const before = await stores.invitations.lockForAddress(address)
      await checkInviter(stores, actor, [role, ...(before ? [before.role] : [])])
      await makeRoomFor(ports, stores, before)
      const invitation = { id: before?.id ?? (ports.ids.next() as InvitationId), email: address, role }
      return put(ports, stores, actor, invitation, fresh)
    })
    void post(ports, actor, { id, email: address }, fresh)
    return { id, link: fresh.link }
  }

/** Another link for the same address and role, by whoever asks; the one before is of no more use. Throws `NotFound` as well. */
export const renewInvitation =
  (ports: Ports) =>
  async (actor: Actor, id: InvitationId): Promise<Invited> => {
    const fresh = newLink(ports)
    const renewed = await ports.unitOfWork.run(actor.orgId, async (stores) => {
      const before = await held(stores, id)
      await checkInviter(stores, actor, [before.role])
      await makeRoomFor(ports, stores, before)
      await put(ports, stores, actor, before, fresh)
      return before
    })
    void post(ports, actor, renewed, fresh)
    return { id, link: fresh.link }
  }

/** Its link is of no more use. Throws `NotFound` or DomainError `forbidden`. */
export const revokeInvitation =
  ({ unitOfWork }: Pick<CorePorts, 'unitOfWork'>) =>
  (actor: Actor, id: InvitationId): Promise<void> =>
    unitOfWork.run(actor.orgId, async (stores) => {
      const before = await held(stores, id)
      await checkInviter(stores, actor, [before.role])
      await stores.invitations.remove(id)
      await stores.audit.record(noted(actor, 'invitation.revoked', id))
    })

async function refuseMembers({ accounts }: Ports, { orgId }: Actor, email: string): Promise<void> {
  const known = await accounts.credentials(email)
  const membership = known && (await accounts.membership(orgId, known.userId))
  if (membership && (await accounts.member(orgId, membership.memberId))) throw new AlreadyMember()
}

/** Nobody invites above themselves, as they are under lock. */
async function checkInviter({ members }: Stores, { memberId }: Actor, roles: readonly Role[]): Promise<void> {
  const all = await members.lockWithOwners([memberId])
  checkManager(
    all.find(({ id }) => id === memberId),
    roles,
  )
}

/** One that is open has its place already. */
async function makeRoomFor(ports: Ports, stores: Stores, before: Invitation | null): Promise<void> {
  if (before === null || before.expiresAt <= ports.clock.now()) await makeRoom(ports, stores, 'members')
}

async function held({ invitations }: Stores, id: InvitationId): Promise<Invitation> {
  const found = await invitations.lock(id)
  if (found === null) throw new NotFound('invitation')
  return found
}

type Link = ReturnType<typeof newLink>

/** What opens it stands behind a `#`: browsers send that to no server, and no log of a proxy has it. */
function newLink({ clock, oneTimeTokens, settings }: Ports) {
  const token = oneTimeTokens.make()
  const madeAt = clock.now()
  return {
    link: `${settings.publicUrl}/invitation#${token}`,
    tokenHash: oneTimeTokens.hash(token),
    madeAt,
    expiresAt: new Date(madeAt.getTime() + INVITATION_MS),
  }
}

async function put(
  { mailer }: Ports,
  { invitations, audit }: Stores,
  actor: Actor,
  { id, email, role }: Pick<Invitation, 'id' | 'email' | 'role'>,
  { tokenHash, madeAt, expiresAt }: Link,
): Promise<InvitationId> {
  const letter = mailer.isThere ? 'SENDING' : 'NONE'
  const invitation = { id, email, role, invitedBy: actor.memberId, tokenHash, madeAt, expiresAt, letter } as const
  const kept = await invitations.put(invitation)
  await audit.record(noted(actor, `invitation.made-for-${lower(role)}`, kept))
  return kept
}

/** The link by letter, where there is a server for that; how it went stands in the list. */
async function post(
  ports: Ports,
  { orgId, userId }: Actor,
  { id, email }: Pick<Invitation, 'id' | 'email'>,
  { link, tokenHash }: Link,
): Promise<void> {
  if (!ports.mailer.isThere) return
  try {
    const organization = (await ports.accounts.membership(orgId, userId))?.org.name ?? ''
    const isSent = await sendLetter(ports, 'invitation', invitationLetter(email, { organization, link }))
    await ports.unitOfWork.run(orgId, ({ invitations }) =>
      invitations.lettered(id, tokenHash, isSent ? 'SENT' : 'FAILED'),
    )
  } catch (error) {
    ports.log.warn({ err: error, orgId }, 'how the letter of an invitation went could not be noted')
  }
}

const noted = (actor: Actor, action: AuditAction, resourceId: InvitationId) =>
  ({ ...by(actor), action, resourceType: 'invitation', resourceId }) as const
