import type { CorePorts } from '../../ports/core-ports.ts'
import type { DeadLetterFilter } from '../../ports/dead-letter-store.ts'
import { type Actor, by } from '../actor.ts'
import type { DeadLetterId } from '../ids.ts'

type Ports = Pick<CorePorts, 'unitOfWork' | 'wakeups'>

/** Tries one job again that was given up. A job may come twice at any time, so that trying it again can do no harm. */
export const reviveDeadLetter =
  ({ unitOfWork, wakeups }: Ports) =>
  async (actor: Actor, id: DeadLetterId): Promise<void> => {
    await unitOfWork.run(actor.orgId, async ({ deadLetters, audit }) => {
      await deadLetters.revive(id)
      await audit.record({ ...by(actor), action: 'dead-letter.replayed', resourceType: 'dead-letter', resourceId: id })
    })
    wakeups.wake('jobs')
  }

/** Tries all of them again that the filter matches. */
export const reviveDeadLetters =
  ({ unitOfWork, wakeups }: Ports) =>
  async (actor: Actor, filter: DeadLetterFilter): Promise<{ matched: number }> => {
    const matched = await unitOfWork.run(actor.orgId, async ({ deadLetters, audit }) => {
      const count = await deadLetters.reviveAll(filter)
      await audit.record({
        ...by(actor),
        action: 'dead-letters.replayed',
        resourceType: 'organization',
        resourceId: actor.orgId,
      })
      return count
    })
    if (matched > 0) wakeups.wake('jobs')
    return { matched }
  }
