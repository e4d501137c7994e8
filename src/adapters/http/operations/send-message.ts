import { NotFound } from '../../../core/errors.ts'
import type { TicketId } from '../../../core/ids.ts'
import type { SendReplyInput } from '../../../core/message/send-reply.ts'
import { readIdempotencyKey } from '../idempotency-key.ts'
import { limitSend } from '../limited.ts'
import { forMembers, json } from '../operation.ts'

type Body = Omit<SendReplyInput, 'ticketId' | 'idempotencyKey' | 'via'>

export const sendMessage = forMembers(
  ({ core, queries, rateLimits }) =>
    async ({ actor, res, signedIn, params, headers, body }) => {
      await limitSend(rateLimits, res, signedIn, actor.orgId)
      const ticketId = params['ticketId'] as TicketId
      const key = headers['idempotency-key']
      const { messageId, replayed } = await core.sendReply(actor, {
        ...(body as Body),
        ticketId,
        ...(typeof key === 'string' && { idempotencyKey: readIdempotencyKey(key) }),
        via: signedIn.carrier === 'cookie' ? 'INBOX' : 'API',
      })
      const message = await queries.message(actor.orgId, ticketId, messageId)
      if (message === null) throw new NotFound('message')
      if (replayed === 'client-message-id') return json(200, message)
      return json(201, message, {
        Location: `/orgs/${actor.orgId}/tickets/${message.ticketId}/messages/${messageId}`,
        ...(replayed === 'idempotency-key' && { 'Idempotent-Replayed': 'true' }),
      })
    },
)
