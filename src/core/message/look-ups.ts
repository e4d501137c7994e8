import type { ConversationState, IntakeChanges, IntakeState, NewMessage } from '../../ports/intake-store.ts'

type LookUps = Pick<IntakeChanges, 'lookUps' | 'media' | 'mentions'>

/** What the platform is to be asked about by jobs of their own, as far as it can be asked. */
export function lookUpsOf(
  { newCustomers }: Pick<IntakeState, 'newCustomers'>,
  conversations: readonly Pick<ConversationState, 'customerId' | 'person'>[],
  messages: readonly NewMessage[],
  { hasProfiles, hasMedia }: Readonly<{ hasProfiles: boolean; hasMedia: boolean }>,
): LookUps {
  const fresh = new Set(newCustomers)
  const people = conversations.filter(({ customerId }) => fresh.delete(customerId))
  return {
    lookUps: hasProfiles ? people.map(({ customerId, person }) => ({ customerId, person })) : [],
    media: hasMedia ? [...new Set(messages.flatMap(ownPost))] : [],
    mentions: hasMedia ? messages.flatMap(mention) : [],
  }
}

/** What was commented on, and the stories that were answered; a shared post may be anybody's. */
const ownPost = ({ context }: NewMessage): readonly string[] =>
  context?.mediaId && (context.type === 'COMMENT' || context.type === 'LIVE_COMMENT' || context.type === 'STORY_REPLY')
    ? [context.mediaId]
    : []

const mention = ({ kind, context, externalId, deletedAt }: NewMessage): LookUps['mentions'] =>
  kind === 'MENTION' && context?.mediaId && deletedAt === null ? [{ externalId, mediaId: context.mediaId }] : []
