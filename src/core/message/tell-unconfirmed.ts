import type { CorePorts } from '../../ports/core-ports.ts'
import type { OpenDoubt } from '../../ports/open-doubts.ts'
import { TELL_MS } from './send-outcome.ts'

const AT_ONCE = 100

/**
 * Tells of every reply that has been in doubt for so long that it is for a person to decide: readers look at the message again. Once
 * for each doubt, however long it lasts. Found by what is stored and held by nobody, so that no worker's death or silence delays it:
 * several processes may do this at the same time. Resolves with how many were told of.
 */
export const tellUnconfirmed = (ports: CorePorts) => async (): Promise<number> => {
  const before = new Date(ports.clock.now().getTime() - TELL_MS)
  let told = 0
  for (const doubt of await ports.openDoubts.untold(before, AT_ONCE)) if (await tell(ports, doubt)) told += 1
  if (told > 0) ports.wakeups.wake('events-written')
  return told
}

const tell = ({ clock, unitOfWork }: CorePorts, { orgId, partId }: OpenDoubt): Promise<boolean> =>
  unitOfWork.run(orgId, async ({ doubts, outbox }) => {
    const doubt = await doubts.unconfirmed(partId, clock.now())
    if (doubt === null) return false
    await outbox.append([
      {
        type: 'message.delivery_unconfirmed',
        actor: { type: 'SYSTEM', id: null },
        resource: { type: 'message', id: doubt.messageId },
        ticketId: doubt.ticketId,
        data: { partId },
        requestId: null,
      },
    ])
    return true
  })
