import type { Settlement } from '../../ports/send-store.ts'
import type { MessageFailure } from '../../ports/views.ts'
import type { Delivery, Demand, RefusalCode } from '../channel/delivery.ts'
import { LONGEST_ALONE_MS } from '../channel/unanswered.ts'

/** How long a message in doubt holds the rest of its conversation back. */
export const HOLD_MS = 120_000
/**
 * After so long a doubt is for a person to decide. Somebody is told within two minutes also where this comes while the database is
 * being started again, or while a connection is silent until it is given up.
 */
export const TELL_MS = 90_000
/** After that much throttling a reply is given back to the agent rather than sent hours late. */
export const GIVE_UP_AFTER_MS = 6 * 3_600_000

const FIRST_BACKOFF_MS = 2_000
const MAX_BACKOFF_MS = 15 * 60_000

/** Every `failure.code` of a reply; docs/sending.md lists them. */
export const SENTENCES: Record<
  | RefusalCode
  | 'gave-up'
  | 'channel-disconnected'
  | 'channel-withdrawn'
  | 'customer-erased'
  | 'delivery-unknown'
  | 'media-gone',
  { title: string; detail: string; retryable: boolean }
> = {
  'messaging-window-closed': {
    title: 'The reply window is closed',
    detail: 'The customer last wrote too long ago. They have to write again before a reply is possible.',
    retryable: false,
  },
  'human-agent-not-approved': {
    title: 'Late answers are not approved for this app',
    detail:
      'The platform lets an app answer after the ordinary window only once it has approved that. The customer has to write again before a reply is possible.',
    retryable: false,
  },
  'recipient-unavailable': {
    title: 'The customer cannot be reached',
    detail: 'They may have blocked the account or do not take messages.',
    retryable: true,
  },
  'recipient-unknown': {
    title: 'The customer is unknown to the platform',
    detail: 'The account may have been deleted.',
    retryable: false,
  },
  'content-refused': {
    title: 'The platform refused this message',
    detail: 'Its content is not allowed in this place.',
    retryable: false,
  },
  'content-too-long': { title: 'The message is too long', detail: 'Shorten it and send it again.', retryable: false },
  'credentials-rejected': {
    title: 'The channel has to be connected again',
    detail: 'The platform no longer accepts its access token. Ask an administrator to reconnect it, then try again.',
    retryable: true,
  },
  'permission-missing': {
    title: 'The channel lacks a permission',
    detail: 'The platform does not let this app send here. Ask an administrator to check its permissions.',
    retryable: true,
  },
  'not-thread-owner': {
    title: 'Another app has this conversation',
    detail: 'It can be answered here once the other app gives it back.',
    retryable: true,
  },
  'comment-gone': {
    title: 'The comment is gone',
    detail: 'It was deleted or can no longer be answered.',
    retryable: false,
  },
  'comment-reply-used': {
    title: 'The comment was answered already',
    detail: 'A comment can be answered privately once. Go on once the customer answers that, or comments again.',
    retryable: false,
  },
  'media-refused': {
    title: 'The attachment was refused',
    detail: 'Its type or size is not accepted, or it could not be fetched.',
    retryable: false,
  },
  'account-restricted': {
    title: 'The account is restricted',
    detail: 'The platform has limited what it may send. Open the platform’s app to see why.',
    retryable: true,
  },
  'callback-refused': {
    title: 'The other system did not take this message',
    detail:
      'The channel’s callback address cannot be called, or what answers there refused. Ask an administrator to look at it, then try again.',
    retryable: true,
  },
  'platform-refused': {
    title: 'The platform refused this message',
    detail: 'It gave no reason that helps here.',
    retryable: true,
  },
  'customer-erased': {
    title: 'The customer is being erased',
    detail: 'Somebody asked for their data to go, and this reply goes with them.',
    retryable: false,
  },
  'media-gone': {
    title: 'The attachment is gone',
    detail: 'Uploads are kept for a limited time. Upload the file again and write another message.',
    retryable: false,
  },
  'delivery-unknown': {
    title: 'Nobody knows whether this message arrived',
    detail:
      'The platform gave no clear answer and does not show the message. Check again, look into the platform’s app, or send it again: the customer may then get it twice.',
    retryable: false,
  },
  'gave-up': {
    title: 'The platform was too busy for too long',
    detail: 'It kept asking to wait. Try again later.',
    retryable: true,
  },
  'channel-withdrawn': {
    title: 'The account was taken away from this app',
    detail: 'Whoever granted it has taken that back. Ask an administrator to connect it again, then try again.',
    retryable: true,
  },
  'channel-disconnected': {
    title: 'The channel is disconnected',
    detail: 'Connect it again, then try again.',
    retryable: true,
  },
}

/** A stable code and a sentence that an agent understands; the platform's own words are for the log. */
export const failureOf = (code: keyof typeof SENTENCES, platformCode: string | null = null): MessageFailure => ({
  code,
  ...SENTENCES[code],
  platformCode,
})

/** What an answer means for the message. Only a definite refusal for now is tried again, with backoff and jitter. */
export function settlementOf(
  delivery: Delivery,
  now: Date,
  attempt: Readonly<{ number: number; firstAt: Date; refusals: readonly string[] }>,
  random: number,
): Settlement {
  switch (delivery.status) {
    case 'accepted':
      return { status: 'SENT', externalId: delivery.externalId }
    case 'refused':
      return { status: 'FAILED', failure: failureOf(delivery.code, delivery.platformCode) }
    case 'unknown':
      return { status: 'UNKNOWN', holdUntil: new Date(now.getTime() + HOLD_MS), detail: delivery.detail }
    case 'reauthorize':
      // The channel waits, not the message: it is the head of its line when the channel goes on.
      return { status: 'QUEUED', notBefore: now, detail: delivery.detail, platformCode: delivery.platformCode }
    case 'retry': {
      const { bound, detail, platformCode = null } = delivery
      if (bound && attempt.refusals.filter((code) => code === platformCode).length >= bound.retries)
        return { status: 'FAILED', failure: failureOf(bound.code, platformCode) }
      if (now.getTime() - attempt.firstAt.getTime() > GIVE_UP_AFTER_MS)
        return { status: 'FAILED', failure: failureOf('gave-up') }
      // Of a network that is away for hours, nothing waits long once it is back.
      const longest = delivery.unanswered ? LONGEST_ALONE_MS : MAX_BACKOFF_MS
      const backoff = Math.min(longest, FIRST_BACKOFF_MS * 2 ** (attempt.number - 1))
      const waitMs = Math.max(delivery.afterMs ?? 0, backoff / 2) + (random * backoff) / 2
      return { status: 'QUEUED', notBefore: new Date(now.getTime() + waitMs), detail, platformCode }
    }
  }
}

/** What the answer asks of the account's and the app's other calls; a throttle, that they wait as long as this message does. */
export function demandsOf(delivery: Delivery, settlement: Settlement, now: Date): readonly Demand[] {
  const demands = delivery.demands ?? []
  if (delivery.status !== 'retry' || delivery.pauses === 'message' || settlement.status !== 'QUEUED') return demands
  const { pauses, reason = 'throttled' } = delivery
  return [{ pauses, afterMs: settlement.notBefore.getTime() - now.getTime(), reason }, ...demands]
}
