import { NotFound } from '../../../core/errors.ts'
import type { MessageId, TicketId } from '../../../core/ids.ts'
import { limitSend } from '../limited.ts'
import { forMembers, json } from '../operation.ts'

export const sendMessageAgain = forMembers(
  ({ core, queries, rateLimits }) =>
    async ({ actor, res, signedIn, params }) => {
      await limitSend(rateLimits, res, signedIn, actor.orgId)
      const ticketId = params['ticketId'] as TicketId
      const messageId = params['messageId'] as MessageId
      const via = signedIn.carrier === 'cookie' ? 'INBOX' : 'API'
      const id = await core.sendAgain(actor, { ticketId, messageId, via })
      const message = await queries.message(actor.orgId, ticketId, id)
      if (message === null) throw new NotFound('message')
      return json(202, message)
    },
)
