import type { ReplyTarget } from '../../ports/send-store.ts'
import type { ChannelCapabilities } from '../channel/capabilities.ts'
import { DomainError } from '../errors.ts'
import { windowOf } from './window.ts'

type Standing = Pick<ReplyTarget, 'surface' | 'window' | 'settings'>

/**
 * Whether what is no message can be shown to the customer now. The platform takes it by the same call as messages, but with no
 * mark of a person's: in the ordinary window only.
 */
export function isOpen(
  { surface, window, settings }: Standing,
  { replyWindow }: ChannelCapabilities,
  now: Date,
): boolean {
  const state = windowOf({ surface, ...window }, { replyWindow, settings }, now)?.state ?? 'OPEN'
  return state === 'OPEN'
}

export function checkOpen(standing: Standing, capabilities: ChannelCapabilities, now: Date): void {
  if (isOpen(standing, capabilities, now)) return
  throw new DomainError(
    'messaging-window-closed',
    'The platform takes this while its ordinary window is open. A new message from the customer opens it again.',
  )
}
