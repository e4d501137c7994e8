import type { ConversationState, InFlight, PublicInFlight } from '../../ports/intake-store.ts'
import type { TicketId } from '../ids.ts'
import type { TicketStatus } from '../ticket/ticket.ts'

/** A conversation while a batch is being decided: what the batch changes about it, it changes here. */
export type Conversation = Omit<ConversationState, 'open' | 'newestResolved' | 'inFlight' | 'publicInFlight'> & {
  open: { id: TicketId; status: TicketStatus } | null
  newestResolved: ConversationState['newestResolved']
  inFlight: InFlight[]
  publicInFlight: PublicInFlight[]
}

export const conversationOf = (state: ConversationState): Conversation => ({
  ...state,
  inFlight: [...state.inFlight],
  publicInFlight: [...state.publicInFlight],
})

/**
 * The conversation on whose tickets this one goes on: its own while one of them is open, else the one that it is joined to (the
 * comments that a private reply answered) while one of those is; of two that have resolved ones only, that of the last.
 */
export function holderOf(conversation: Conversation, joined: Conversation | null): Conversation {
  if (conversation.open || joined === null) return conversation
  const { newestResolved: own } = conversation
  const { open, newestResolved: other } = joined
  return open || own === null || (other !== null && other.resolvedAt > own.resolvedAt) ? joined : conversation
}

export const wasResolvedSince = ({ open, newestResolved }: Conversation, at: Date): boolean =>
  open === null && newestResolved !== null && newestResolved.resolvedAt >= at

/** One of the statuses beside it is SENT now. */
export function besidesSent(part: InFlight, { status }: InFlight): InFlight {
  const others = [...part.others]
  others.splice(others.indexOf(status), 1, 'SENT')
  return { ...part, others }
}
