import type { CorePorts } from '../../ports/core-ports.ts'
import type { MemberStore } from '../../ports/member-store.ts'
import { type Actor, by } from '../actor.ts'
import { type AuditAction, lower } from '../audit/audit-actions.ts'
import { NotFound } from '../errors.ts'
import type { DomainEvent } from '../event/domain-event.ts'
import type { MemberId, TicketId } from '../ids.ts'
import { AssigneeNotMember, checkChange, type Member } from './member.ts'
import type { Role } from './permissions.ts'

type Ports = Pick<CorePorts, 'clock' | 'unitOfWork' | 'wakeups'>

/**
 * Another role, or disabled and enabled again. A disabled member is let in nowhere, also not with an old session once they are enabled, keeps
 * their tickets, and gets no further ones; replies of theirs that were taken go out. Throws `NotFound`, DomainError `forbidden` or `last-owner`.
 */
export const changeMember =
  ({ clock, unitOfWork, wakeups }: Ports) =>
  async (actor: Actor, id: MemberId, change: { role?: Role; disabled?: boolean }): Promise<void> => {
    await unitOfWork.run(actor.orgId, async ({ members, outbox, audit }) => {
      const { all, before } = await underLock(members, actor, id)
      const after = {
        ...before,
        role: change.role ?? before.role,
        active: change.disabled === undefined ? before.active : !change.disabled,
      }
      checkChange(all, { actorId: actor.memberId, before, after })
      const changes = changesOf(before, after)
      if (changes.length === 0) return
      await members.save(after)
      if (!after.active) await members.endSessions(id, clock.now())
      await outbox.append([
        memberEvent('member.updated', actor, id, Object.assign({}, ...changes.map(({ data }) => data))),
      ])
      for (const { action } of changes)
        await audit.record({ ...by(actor), action, resourceType: 'member', resourceId: id })
    })
    wakeups.wake('events-written')
  }

/**
 * Out of the organization: their open tickets go to another member or to nobody, what they wrote keeps their name. Throws
 * `NotFound`, DomainError `forbidden`, `last-owner` or `assignee-not-member`.
 */
export const removeMember =
  ({ clock, unitOfWork, wakeups }: Ports) =>
  async (actor: Actor, id: MemberId, { reassignTo }: { reassignTo: MemberId | null }): Promise<void> => {
    await unitOfWork.run(actor.orgId, async ({ members, outbox, audit }) => {
      const { all, before } = await underLock(members, actor, id, reassignTo)
      checkChange(all, { actorId: actor.memberId, before, after: null })
      const heir = reassignTo === null ? null : all.find((one) => one.id === reassignTo)
      if (heir !== null && (!heir?.active || heir.id === id)) throw new AssigneeNotMember()
      const now = clock.now()
      const tickets = await members.remove(id, { reassignTo, now })
      await members.endSessions(id, now)
      await outbox.append([
        ...tickets.map((ticketId) => assigned(actor, ticketId, { from: id, to: reassignTo })),
        memberEvent('member.removed', actor, id, {}),
      ])
      await audit.record({ ...by(actor), action: 'member.removed', resourceType: 'member', resourceId: id })
    })
    wakeups.wake('events-written')
  }

/** A ticket is for somebody else now. */
export const assigned = (
  { memberId, requestId }: Actor,
  ticketId: TicketId,
  data: Readonly<{ from: MemberId | null; to: MemberId | null }>,
): DomainEvent => ({
  type: 'ticket.assigned',
  actor: { type: 'MEMBER', id: memberId },
  resource: { type: 'ticket', id: ticketId },
  ticketId,
  data,
  requestId,
})

/** Everybody that the rules look at, held until the end of the transaction: of two owners who step down at once one is too late. */
async function underLock(
  members: MemberStore,
  actor: Actor,
  id: MemberId,
  also: MemberId | null = null,
): Promise<{ all: readonly Member[]; before: Member }> {
  const all = await members.lockWithOwners([actor.memberId, id, ...(also === null ? [] : [also])])
  const before = all.find((one) => one.id === id)
  if (!before) throw new NotFound('member')
  return { all, before }
}

type Change = Readonly<{ action: AuditAction; data: Readonly<Record<string, string | boolean>> }>

function changesOf(before: Member, after: Member): readonly Change[] {
  return [
    ...(before.role === after.role
      ? []
      : [{ action: `member.made-${lower(after.role)}` as const, data: { from: before.role, to: after.role } }]),
    ...(before.active === after.active
      ? []
      : [
          {
            action: after.active ? ('member.enabled' as const) : ('member.disabled' as const),
            data: { disabled: !after.active },
          },
        ]),
  ]
}

const memberEvent = (
  type: 'member.updated' | 'member.removed',
  { memberId, requestId }: Actor,
  id: MemberId,
  data: NonNullable<DomainEvent['data']>,
): DomainEvent => ({
  type,
  actor: { type: 'MEMBER', id: memberId },
  resource: { type: 'member', id },
  ticketId: null,
  data,
  requestId,
})
