import type { ChannelAccount, Delivery, OutboundMessage } from '../../core/channel/delivery.ts'
import type { ExternalMessageId } from '../../core/ids.ts'
import type { OutboundSender } from '../../ports/channel-adapter.ts'
import type { Clock } from '../../ports/clock.ts'
import type { GuardedAnswer, GuardedClient } from '../../ports/guarded-client.ts'
import { retryAfterMs } from '../channel-kit/retry-after.ts'
import { signedHeaders } from './signature.ts'

export type CallbackDeps = Readonly<{ client: GuardedClient; clock: Clock; httpsOnly: boolean }>

/** Well within half a lease of the conversation: whoever is slower takes the message and works on it later. */
const TIMEOUT_MS = 10_000
/** Nothing is read in it; so much is taken that an answer with a page of an error ends in peace. */
const MAX_ANSWER_BYTES = 16_384
const LONGEST_WAIT_MS = 60 * 60 * 1000

/**
 * Replies are posted to the address in the channel's settings, signed; a channel without one keeps them for whoever collects them.
 * The call carries no credential of ours, and follows no redirect: the words go where the organization said, or nowhere.
 */
export const createCallbackSender = ({ client, clock, httpsOnly }: CallbackDeps): OutboundSender => ({
  async send(message, account, signal): Promise<Delivery> {
    const { callbackUrl: url, callbackIdempotent } = account.settings
    const accepted = { status: 'accepted', externalId: `out:${message.reference}` as ExternalMessageId } as const
    if (typeof url !== 'string') return accepted
    const secret = account.secrets['callbackSecret']
    if (secret === undefined) return refused('The channel has no secret to sign its callback with.', 'no-secret')
    const at = clock.now()
    const body = JSON.stringify(bodyOf(message, account, at))
    const answer = await client.request({
      ...{ method: 'POST', url, body, signal, httpsOnly, maxRedirects: 0 },
      headers: {
        'content-type': 'application/json',
        // The same for every attempt, so that whoever has it already can tell.
        ...signedHeaders(secret, { id: message.reference, at, body }),
      },
      maxBytes: MAX_ANSWER_BYTES,
      timeoutMs: TIMEOUT_MS,
    })
    const outcome = outcomeOf(answer, clock.now())
    if (outcome === 'accepted') return accepted
    if (outcome.status !== 'unknown' || callbackIdempotent !== true) return outcome
    const { detail, unanswered = false } = outcome
    return { status: 'retry', afterMs: null, pauses: 'message', detail, unanswered }
  },
})

/** What a receiver gets. Times and ids as in the API; the customer is called as the receiver called them. */
const bodyOf = ({ recipient, content, replyTo, reference }: OutboundMessage, account: ChannelAccount, at: Date) => ({
  type: 'message.reply',
  timestamp: at.toISOString(),
  data: {
    channelId: account.channelId,
    recipient: recipient.externalId,
    messageId: `out:${reference}`,
    replyToMessageId: replyTo,
    content,
  },
})

function outcomeOf(answer: GuardedAnswer, now: Date): Delivery | 'accepted' {
  if (answer.status === 'refused') return refused(`The callback address is not called: ${answer.reason}.`, 'address')
  if (answer.status === 'failed') {
    const detail = `The callback gave no answer: ${answer.detail}.`
    if (answer.mayHaveArrived) return { status: 'unknown', detail, unanswered: true }
    return { status: 'retry', afterMs: null, pauses: 'message', detail, unanswered: true }
  }
  const { code, headers } = answer
  const detail = `The callback answered ${code}.`
  if (code >= 200 && code < 300) return 'accepted'
  if (code === 429 || code === 503) {
    const asked = Math.min(retryAfterMs(headers['retry-after'] ?? null, now.getTime()), LONGEST_WAIT_MS)
    return { status: 'retry', afterMs: asked > 0 ? asked : null, pauses: 'account', detail, platformCode: String(code) }
  }
  // What answers with a redirect has not taken it, and what is behind it was never asked.
  if (code >= 300 && code < 500) return refused(detail, String(code))
  return { status: 'unknown', detail }
}

const refused = (detail: string, platformCode: string): Delivery => ({
  ...{ status: 'refused', code: 'callback-refused', detail, platformCode },
  alert: true,
})
