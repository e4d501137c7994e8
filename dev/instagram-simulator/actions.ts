import { accountActions } from './account-actions.ts'
import { createActing } from './acting.ts'
import { commentActions } from './comment-actions.ts'
import { messageActions } from './message-actions.ts'
import type { PostOffice } from './post-office.ts'
import { remarkActions } from './remark-actions.ts'
import type { World } from './world.ts'

export type { Options } from './acting.ts'
export type { CommentOptions } from './comment-actions.ts'

export type Actions = ReturnType<typeof createActions>

/** What people do on Instagram. Each resolves once the receiver has answered the signed webhook, whatever it answered. */
export function createActions(world: World, office: PostOffice) {
  const acting = createActing(world, office)
  return { ...messageActions(acting), ...remarkActions(acting), ...commentActions(acting), ...accountActions(acting) }
}
