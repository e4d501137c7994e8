import type { ConversationState, IntakeChanges, NewMessage } from '../../ports/intake-store.ts'
import type { CustomerId } from '../ids.ts'

type LookUps = Pick<IntakeChanges, 'lookUps' | 'media' | 'mentions'>

type Known = Pick<ConversationState, 'id' | 'surface' | 'windowOpenedAt' | 'customerId' | 'person'>

/** What the platform is to be asked about by jobs of their own, as far as it can be asked. */
export function lookUpsOf(
  conversations: readonly Known[],
  messages: readonly NewMessage[],
  { hasProfiles, hasMedia }: Readonly<{ hasProfiles: boolean; hasMedia: boolean }>,
  requestIdOf: (id: CustomerId) => string | null,
): LookUps {
  const wrote = new Set(
    messages.flatMap(({ direction, conversationId }) => (direction === 'INBOUND' ? conversationId : [])),
  )
  const people = conversations.filter((conversation) => wrote.has(conversation.id) && isFirstContact(conversation))
  return {
    lookUps: hasProfiles
      ? people.map(({ customerId, person }) => ({ customerId, person, requestId: requestIdOf(customerId) }))
      : [],
    media: hasMedia ? [...new Map(messages.flatMap(ownPost).map((one) => [one.mediaId, one])).values()] : [],
    mentions: hasMedia ? messages.flatMap(mention) : [],
  }
}

/** By writing to the account people let it know who they are; by commenting, or by being written to, they do not. */
const isFirstContact = ({ surface, windowOpenedAt }: Known): boolean => surface === 'DM' && windowOpenedAt === null

/** What was commented on, and the stories that were answered; a shared post may be anybody's. */
function ownPost({ context, externalId }: NewMessage): LookUps['media'] {
  if (!context?.mediaId) return []
  const isComment = context.type === 'COMMENT' || context.type === 'LIVE_COMMENT'
  if (!isComment && context.type !== 'STORY_REPLY') return []
  return [{ mediaId: context.mediaId, commentId: isComment ? externalId : null }]
}

const mention = ({ kind, context, externalId, deletedAt }: NewMessage): LookUps['mentions'] =>
  kind === 'MENTION' && context?.mediaId && deletedAt === null ? [{ externalId, mediaId: context.mediaId }] : []
