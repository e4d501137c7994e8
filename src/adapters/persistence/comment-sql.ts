import type { ExternalMessageId } from '../../core/ids.ts'

export type CommentRow = { external_id: ExternalMessageId; sent_at: Date; is_live: boolean | null; answered: boolean }

/** Whether a private reply `r` answers the comment `c`. It is among the direct messages. */
export const answers = (
  channelId: string,
) => `r.org_id = c.org_id and r.direction = 'OUTBOUND' and r.audience = 'PRIVATE'
  and r.reply_to_external_id = c.external_id
  and exists (select from conversations rv where rv.org_id = r.org_id and rv.id = r.conversation_id and rv.channel_id = ${channelId})`

/** Comments, and whether a private reply to them is on its way, sent or in doubt, but for one and what it was sent again for. */
export const selectComments = (orgId: string, reply = 'null') => `
select c.external_id, c.sent_at, c.context ->> 'type' = 'LIVE_COMMENT' as is_live, exists (
    select from messages r where ${answers('cv.channel_id')} and r.status <> 'FAILED' and r.id is distinct from ${reply}
      and r.id is distinct from (select resend_of from messages where org_id = ${orgId} and id = ${reply})) as answered
from messages c join conversations cv on cv.org_id = c.org_id and cv.id = c.conversation_id`

/** A customer's comments in one conversation that are still there, found by its tickets. */
export const commentsIn = (orgId: string, conversationId: string) => `${selectComments(orgId)}
where c.org_id = ${orgId} and c.conversation_id = ${conversationId} and c.direction = 'INBOUND' and c.deleted_at is null
  and c.ticket_id in (select k.id from tickets k where k.org_id = ${orgId} and k.conversation_id = ${conversationId})`

/** The one that a private reply answers unless it names another. */
export const NEXT = 'order by answered, c.sent_at desc, c.external_id desc limit 1'
