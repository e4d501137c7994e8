import type { MessageStatus } from '../../ports/views.ts'

/**
 * What a reply of several parts is called: the first of these that any part is. Doubt is never hidden, since somebody may have
 * to decide; what is still on its way comes before what has ended; and one part that failed shows, whatever arrived besides.
 */
const PRECEDENCE: readonly MessageStatus[] = ['UNKNOWN', 'SENDING', 'QUEUED', 'FAILED', 'SENT']

/** Of our own replies; `parts` is not empty. */
export const statusOfParts = (parts: readonly MessageStatus[]): MessageStatus =>
  PRECEDENCE.find((status) => parts.includes(status)) ?? 'SENT'
