import type { Delivery, Demand } from '../../core/channel/delivery.ts'
import type { Signal, SignalAnswer, Signals } from '../../ports/channel-adapter.ts'
import { asShape, type Shape } from '../channel-kit/fields.ts'
import { deliveryOf } from './delivery-of.ts'
import type { GraphAnswer, GraphClient } from './graph-client.ts'
import { readGraphError } from './graph-error.ts'
import { graphTarget } from './graph-target.ts'
import { usageDemands } from './graph-usage.ts'

/** A throttle that wants a minute at least, where the platform does not say. */
const THROTTLE_MS = 60_000

/**
 * Meta's sender actions: alone with the recipient, answered without a message id, and without an echo.
 * https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
 */
export const createSignals = (graph: GraphClient): Signals => ({
  async send(signal, person, account, abort, requestId): Promise<SignalAnswer> {
    const target = graphTarget(account)
    if (target === null) {
      const detail = 'The channel has no usable access token.'
      return { status: 'refused', code: 'credentials-rejected', detail, platformCode: null }
    }
    const { flavour, node, token } = target
    const json = { recipient: { id: person }, ...actionOf(signal) }
    const answer = await graph({ method: 'POST', flavour, path: `${node}/messages`, token, json, requestId }, abort)
    if (isDone(answer)) return { status: 'done', demands: usageDemands(answer.headers) }
    return signalAnswer(deliveryOf(answer, 'person', token))
  },
})

function actionOf(signal: Signal): object {
  switch (signal.type) {
    case 'TYPING':
      return { sender_action: signal.on ? 'typing_on' : 'typing_off' }
    case 'SEEN':
      return { sender_action: 'mark_seen' }
    case 'REACTION': {
      const { to: message_id, emoji } = signal
      if (emoji === null) return { sender_action: 'unreact', payload: { message_id } }
      return { sender_action: 'react', payload: { message_id, reaction: wordOf(emoji) } }
    }
  }
}

const isHeart = (emoji: string): boolean => emoji.replace(/\ufe0f/g, '') === '\u2764'

/** The one word that both logins' pages know; newer ones take any emoji as it is. */
const wordOf = (emoji: string): string => (isHeart(emoji) ? 'love' : emoji)

type Answered = Extract<GraphAnswer, { kind: 'answered' }>

const isDone = (answer: GraphAnswer): answer is Answered =>
  answer.kind === 'answered' &&
  answer.status >= 200 &&
  answer.status < 300 &&
  readGraphError(answer.body) === null &&
  asShape<Shape<string>>(answer.body) !== null

/** Unlike a message, a signal in doubt is given once more: that shows the same. */
function signalAnswer(delivery: Delivery): SignalAnswer {
  const { status, demands = [] } = delivery
  if (status === 'accepted') return { status: 'done', demands }
  if (status === 'unknown') return { status: 'retry', afterMs: null, detail: delivery.detail, demands }
  if (status !== 'retry') return delivery
  const { afterMs, pauses, reason = 'throttled', detail } = delivery
  const own: readonly Demand[] = pauses === 'message' ? [] : [{ pauses, afterMs: afterMs ?? THROTTLE_MS, reason }]
  return { status: 'retry', afterMs, detail, demands: [...own, ...demands] }
}
