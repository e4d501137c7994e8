import type { CorePorts } from '../../ports/core-ports.ts'
import { type Actor, by } from '../actor.ts'
import { NotFound } from '../errors.ts'
import type { MemberId } from '../ids.ts'
import { checkManager } from './member.ts'

/**
 * Signs another member out of the organization: what they began before opens it no more, in whatever organization it is. Whoever asks
 * clears away the sessions, which are kept elsewhere. Throws `NotFound` or DomainError `forbidden`.
 */
export const endMemberSessions =
  ({ clock, unitOfWork }: Pick<CorePorts, 'clock' | 'unitOfWork'>) =>
  (actor: Actor, id: MemberId): Promise<void> =>
    unitOfWork.run(actor.orgId, async ({ members, audit }) => {
      const all = await members.lockWithOwners([actor.memberId, id])
      const member = all.find((one) => one.id === id)
      if (!member) throw new NotFound('member')
      checkManager(
        all.find((one) => one.id === actor.memberId),
        [member.role],
      )
      await members.endSessions(id, clock.now())
      await audit.record({
        ...by(actor),
        ...{ action: 'member.sessions-ended', resourceType: 'member', resourceId: id },
      })
    })
