import type { Bounds, Report } from './checker.ts'
import type { Facts, Placed } from './facts.ts'
import type { ReplyRecord } from './history.ts'
import type { StoredMessage, StoredPart } from './snapshot.ts'

const ARRIVED = ['SENT', 'DELIVERED', 'READ']

/** I5, I6: what was answered 201 is there and says truly what became of it, and is on the phone once at most. */
export function checkOutbound(facts: Facts, bounds: Bounds, report: Report): void {
  const { history, snapshot, replies, sent } = facts
  const copies = Map.groupBy(sent, ({ bubble }) => bubble.text ?? '')
  const written = snapshot.messages.filter(({ direction }) => direction === 'OUTBOUND')
  const stored = Map.groupBy(written, ({ content }) => content ?? '')

  for (const [text, bubbles] of copies) {
    const reply = replies.get(text)
    if (!reply) report('I6', 'unexpected', `nobody wrote "${text}", and it is on a phone`, bubbles.length)
    else if (bubbles.length > 1 + reply.resends)
      report(
        'I6',
        'doubleSends',
        `"${text}" is on the phone ${bubbles.length} times`,
        bubbles.length - 1 - reply.resends,
      )
  }
  for (const reply of history.replies) {
    const rows = (stored.get(reply.text) ?? []).filter(({ authorType }) => authorType === 'MEMBER')
    checkAnswered(facts, reply, report)
    const first = rows.filter(({ resendOf }) => resendOf === null)
    if (first.length > 1) report('I2', 'duplicated', `"${reply.text}" is there ${first.length} times`, first.length - 1)
    for (const row of rows) {
      if (row.orgId !== reply.orgId) report('I7', 'unexpected', `"${reply.text}" is in a strange organization`)
      for (const part of facts.partsOf(row)) checkStatus(facts, row, part, copies.get(reply.text) ?? [], report)
    }
  }
  for (const { content, authorType, externalId } of written) {
    const typed = externalId !== null && facts.bubblesByMid.get(externalId)?.bubble.via === 'instagram-app'
    if (authorType !== 'MEMBER' && !typed) {
      const own = (stored.get(content ?? '') ?? []).some((row) => row.authorType === 'MEMBER')
      if (own) report('I2', 'duplicated', `"${content}" is there once more as ${authorType}'s`)
      else report('I5', 'unexpected', `"${content}" is shown as ${authorType}'s`)
    }
    if (authorType === 'MEMBER' && !replies.has(content ?? ''))
      report('I5', 'unexpected', `nobody wrote "${content}", and it is stored`)
  }
  checkSurfaced(facts, bounds, report)
}

function checkAnswered({ messages }: Facts, { text, tries, answer, orgId }: ReplyRecord, report: Report): void {
  if (answer === null) {
    if (tries.length > 0) report('I8', 'stuck', `"${text}" was never answered`)
    return
  }
  if (answer.status >= 300) return
  const message = messages.get(answer.messageId ?? '')
  if (!message) report('I5', 'lost', `"${text}" was answered ${answer.status} and is not there`)
  else if (message.content !== text) report('I5', 'unexpected', `"${text}" reads "${message.content}"`)
  else if (message.orgId !== orgId) report('I7', 'unexpected', `the answer to "${text}" is in a strange organization`)
}

function checkStatus(
  facts: Facts,
  message: StoredMessage,
  { status, externalId }: StoredPart,
  copies: readonly Placed[],
  report: Report,
): void {
  const text = message.content
  if (ARRIVED.includes(status)) {
    const copy = copies.find(({ bubble }) => bubble.mid === externalId)
    const onPhone = copies.map(({ bubble }) => bubble.mid).join(', ') || 'nothing'
    if (!copy) report('I5', 'unexpected', `"${text}" is ${status} as ${externalId}, on the phone is ${onPhone}`)
    else if (copy.phone.id !== personOf(facts, message))
      report('I7', 'unexpected', `"${text}" is on the phone of ${copy.phone.id}, who was not meant`)
  } else if (status === 'SENDING') report('I8', 'stuck', `"${text}" is being sent`)
  else if (status === 'QUEUED') {
    if (copies.length > 0) report('I5', 'unexpected', `"${text}" is QUEUED, and on the phone`)
    else if (!waitsItsTurn(facts, message)) report('I8', 'stuck', `"${text}" is QUEUED`)
  } else if (status === 'FAILED') {
    if (copies.length > 0) report('I5', 'unexpected', `"${text}" is FAILED, and on the phone`)
  } else if (status !== 'UNKNOWN') report('I5', 'unexpected', `"${text}" is ${status}`)
}

const personOf = ({ conversations, people }: Facts, { conversationId }: StoredMessage): string | undefined =>
  people.get(conversations.get(conversationId)?.customerId ?? '')

/** One in doubt ahead of it holds it back for two minutes; a platform that said "later" for as long as it said. */
function waitsItsTurn({ lanes, snapshot }: Facts, { conversationId }: StoredMessage): boolean {
  const lane = lanes.get(conversationId)
  return lane !== undefined && (lane.state === 'HELD' || lane.notBefore > snapshot.takenAt)
}

/** Whatever nobody knows of for two minutes is for a person to decide, and readers are told so. */
function checkSurfaced({ snapshot, messages, partsOf }: Facts, { surfacedWithinMs }: Bounds, report: Report): void {
  const events = snapshot.events.filter(({ type }) => TELLING.includes(type))
  const about = Map.groupBy(events, ({ resourceId }) => resourceId)
  for (const [id, those] of about) {
    const message = messages.get(id)
    if (!message) continue
    let since: Date | null = null
    let isTold = false
    const end = (at: Date) => {
      const lateMs = since === null ? 0 : at.getTime() - since.getTime() - surfacedWithinMs
      if (!isTold && lateMs > 0)
        report('I5', 'unknownSurfacedLate', `"${message.content}" was in doubt and nobody was told in time`)
      since = null
    }
    for (const event of those) {
      if (event.type === 'message.delivery_unconfirmed') {
        end(event.occurredAt)
        isTold = true
      } else if (event.data['to'] === 'UNKNOWN') {
        since = event.occurredAt
        isTold = false
      } else end(event.occurredAt)
    }
    end(snapshot.takenAt)
  }
  for (const message of snapshot.messages) {
    const isUnknown = partsOf(message).some(({ status }) => status === 'UNKNOWN')
    const wasTold = about.get(message.id)?.some(({ data }) => data['to'] === 'UNKNOWN') ?? false
    if (isUnknown && !wasTold)
      report('I5', 'unknownSurfacedLate', `"${message.content}" is in doubt, and no reader was told`)
  }
}

const TELLING = ['message.status_changed', 'message.delivery_unconfirmed']
