import type { CorePorts } from '../../ports/core-ports.ts'
import type { Actor } from '../actor.ts'
import { NotFound } from '../errors.ts'
import type { MessageId, TicketId } from '../ids.ts'
import { readAbout } from './check-doubt.ts'

/**
 * Somebody wants to know now what became of a reply in doubt. Whether the network was asked; if it could not be at this moment, a
 * job asks as soon as it can. A message that is not in doubt is left as it is.
 */
export const checkMessage =
  (ports: CorePorts) =>
  async (
    actor: Actor,
    { ticketId, messageId }: Readonly<{ ticketId: TicketId; messageId: MessageId }>,
    signal: AbortSignal,
  ): Promise<Readonly<{ isChecked: boolean }>> => {
    const { unitOfWork } = ports
    const [doubt] = await unitOfWork.run(actor.orgId, async ({ sends, doubts }) => {
      const message = await sends.message(ticketId, messageId)
      if (message === null) throw new NotFound('message')
      return doubts.ofMessage(messageId)
    })
    if (!doubt) return { isChecked: true }
    const later = await readAbout(ports, actor.orgId, doubt, 1, signal)
    if (later === null) return { isChecked: true }
    const afterMs = 'afterMs' in later ? later.afterMs : 0
    await unitOfWork.run(actor.orgId, ({ doubts }) => doubts.checkLater(doubt, afterMs))
    return { isChecked: false }
  }
