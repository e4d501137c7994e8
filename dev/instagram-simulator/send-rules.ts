import type { GraphError } from './graph-errors.ts'
import { record, string } from './http.ts'
import { type Content, contentOf } from './send-content.ts'
import type { SenderAction, SimulatedAccount, SimulatedCustomer } from './types.ts'
import type { SimulatedComment, World } from './world.ts'

const HOUR_MS = 3_600_000
const WINDOW_MS = 24 * HOUR_MS
const HUMAN_AGENT_MS = 7 * 24 * HOUR_MS
const PRIVATE_REPLY_MS = 7 * 24 * HOUR_MS

export type Verdict =
  | Readonly<{ error: GraphError }>
  /** Typing, seen, reactions: no message, and no echo. */
  | Readonly<{ action: SenderAction; customer: SimulatedCustomer }>
  | (Content & Readonly<{ customer: SimulatedCustomer; comment: SimulatedComment | null; replyTo: string | null }>)

const invalid = (message: string): Verdict => ({ error: { code: 100, message } })

/** What Meta makes of a body posted to `/{node}/messages`. */
export function judge(world: World, account: SimulatedAccount, body: Record<string, unknown>): Verdict {
  const recipient = record(body['recipient'])
  if (!recipient) return invalid('The parameter recipient is required')
  const commentId = string(recipient['comment_id'])
  const comment = commentId === null ? null : (world.comments.get(commentId) ?? null)
  const person = commentId === null ? world.customers.get(string(recipient['id']) ?? '') : comment?.customer
  if (!person || person.account !== account) return { error: { code: 100, subcode: comment ? 33 : noOne(commentId) } }

  const action = string(body['sender_action'])
  if (action !== null)
    return body['message'] ? { error: { code: 100, subcode: 2018014 } } : act(world, person, action, body)

  const content = contentOf(record(body['message']))
  if ('error' in content) return content
  if (comment && content.text === null) return { error: { code: 100, subcode: 2534015 } }
  const replyTo = string(record(body['reply_to'])?.['mid'])
  if (body['reply_to'] !== undefined && !canQuote(world, person, replyTo)) return invalid('Invalid parameter: reply_to')
  const refusal = comment ? privateReplyRefusal(world, comment) : windowRefusal(world, person, body)
  return refusal ? { error: refusal } : { customer: person, ...content, comment, replyTo }
}

const SIMPLE: Readonly<Record<string, SenderAction>> = {
  typing_on: { type: 'typing', on: true },
  typing_off: { type: 'typing', on: false },
  mark_seen: { type: 'seen' },
}

function act(world: World, person: SimulatedCustomer, name: string, body: Record<string, unknown>): Verdict {
  const refusal = windowRefusal(world, person, body)
  if (refusal) return { error: refusal }
  const simple = SIMPLE[name]
  if (simple) return { action: simple, customer: person }
  if (name !== 'react' && name !== 'unreact') return invalid('Invalid parameter: sender_action')
  const payload = record(body['payload'])
  const mid = string(payload?.['message_id'])
  const bubble = world.phone(person).find((message) => message.mid === mid)
  if (!bubble || bubble.unsent) return invalid('Invalid parameter: message_id')
  if (name === 'unreact') return { action: { type: 'reaction', mid: bubble.mid, emoji: null }, customer: person }
  const word = string(payload?.['reaction'])
  const emoji = word === 'love' ? '❤️' : word
  // The pages of Facebook Login know the one word only.
  const isKnown = emoji !== null && (word === 'love' || (person.account.login === 'instagram' && ONE_EMOJI.test(emoji)))
  if (!isKnown) return invalid('Invalid parameter: reaction')
  return { action: { type: 'reaction', mid: bubble.mid, emoji }, customer: person }
}

const ONE_EMOJI = /^\p{RGI_Emoji}$/v

/** Documented for Facebook Login only, and of a message that is there. */
const canQuote = (world: World, person: SimulatedCustomer, mid: string | null): boolean =>
  person.account.login === 'facebook' && world.phone(person).some((message) => message.mid === mid)

const noOne = (commentId: string | null): number => (commentId === null ? 2534014 : 2534025)

function windowRefusal(world: World, person: SimulatedCustomer, body: Record<string, unknown>): GraphError | null {
  const wroteAt = world.lastWroteAt.get(person.id)
  const silentMs = wroteAt ? world.now().getTime() - wroteAt.getTime() : Number.POSITIVE_INFINITY
  const tag = string(body['tag'])
  if (tag !== null && tag !== 'HUMAN_AGENT') return { code: 100, message: `The tag ${tag} is no longer supported` }
  if (tag !== null && !person.account.humanAgent) {
    const message = "To use 'Human Agent', your use of this endpoint must be reviewed and approved by Facebook."
    return { code: 10, message, httpStatus: 403 }
  }
  return silentMs < (tag === null ? WINDOW_MS : HUMAN_AGENT_MS) ? null : { code: 10, subcode: 2534022 }
}

/** One for each comment, within seven days of it. */
function privateReplyRefusal(world: World, comment: SimulatedComment): GraphError | null {
  const ageMs = world.now().getTime() - comment.at.getTime()
  return comment.privateReplyMid === null && ageMs < PRIVATE_REPLY_MS ? null : { code: 100, subcode: 2534025 }
}
