import { Unavailable } from '../../core/errors.ts'

export type WebhookLimits = Readonly<{
  /** What bodies of one process may take at a time: those that are coming in, and those that are not durable yet. */
  mostBytes: number
  /** A body that is not there by then is nobody's delivery. */
  bodyWithinMs: number
}>

/** Room for 8,000 deliveries: what a burst brings in the two seconds that one may take to be kept, and a good deal more. */
export const WEBHOOK_LIMITS: WebhookLimits = { mostBytes: 64 * 1024 * 1024, bodyWithinMs: 20_000 }

/** A request that waits for its body to be durable takes this besides the body. */
const WAITING_BYTES = 8 * 1024

export type Place = Readonly<{
  /** Room for so many bytes more of this body; false where there is none. */
  grow(bytes: number): boolean
  /** Throws `Unavailable` where there is no room to wait in. */
  wait(): void
  leave(): void
}>

export const NO_ROOM = 'More deliveries wait to be kept than there is memory for.'

/** Where the hand-off is slower than what comes, memory does not grow: whoever comes then is told to come again. */
export function createWebhookRoom({ mostBytes }: Pick<WebhookLimits, 'mostBytes'>): { enter(): Place } {
  let taken = 0
  return {
    enter() {
      let own = 0
      const grow = (bytes: number): boolean => {
        if (taken + bytes > mostBytes) return false
        taken += bytes
        own += bytes
        return true
      }
      return {
        grow,
        wait() {
          if (!grow(WAITING_BYTES)) throw new Unavailable(NO_ROOM)
        },
        leave() {
          taken -= own
          own = 0
        },
      }
    },
  }
}
