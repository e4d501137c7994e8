import { isSameEmoji } from '../../../core/reaction/emoji.ts'
import type { MessageFailure, ReactionView } from '../../../ports/views.ts'

export type StoredReaction = {
  name: string
  emoji: string | null
  actor: string
  at: string
  memberId: string | null
  memberName: string | null
}

/** What an agent wanted the account's own to be; null emoji: none. */
export type ReactionWish = {
  emoji: string | null
  status: ReactionView['status']
  failure: MessageFailure | null
  at: string
  memberId: string | null
  memberName: string | null
}

type Row = Readonly<{
  reactions: readonly StoredReaction[]
  wish: ReactionWish | null
  /** The account's own id, under which it reacts. */
  account: string
}>

/** The account's is what an agent wants it to be, as soon as they do; one that was refused stands beside what the customer sees. */
export function reactionViews({ reactions, wish, account }: Row): readonly ReactionView[] {
  const shown = reactions.flatMap((reaction): readonly ReactionView[] => {
    const view = viewOf(reaction, reaction.actor === account)
    if (reaction.actor !== account || wish === null || wish.status === 'SENT') return [view]
    if (wish.status === 'PENDING') return []
    // It was to be taken back, and could not be.
    return [wish.emoji === null ? { ...view, failure: wish.failure } : view]
  })
  if (wish === null || wish.emoji === null || wish.status === 'SENT') return shown
  const { emoji, status, failure, at } = wish
  const name = isSameEmoji(emoji, '❤️') ? 'love' : 'other'
  return [...shown, { emoji, name, author: memberOf(wish), at: new Date(at), status, failure }]
}

function viewOf({ name, emoji, at, ...by }: StoredReaction, isOwn: boolean): ReactionView {
  const author = !isOwn
    ? ({ type: 'CUSTOMER', id: null, name: null } as const)
    : by.memberId === null
      ? ({ type: 'EXTERNAL', id: null, name: null } as const)
      : memberOf(by)
  return { emoji, name, author, at: new Date(at), status: 'SENT', failure: null }
}

const memberOf = ({ memberId, memberName }: Pick<ReactionWish, 'memberId' | 'memberName'>): ReactionView['author'] => ({
  type: 'MEMBER',
  id: memberId,
  name: memberName,
})
