import { TELL_MS } from '../../src/core/message/send-outcome.ts'
import type { MessageView, PartView } from '../../src/ports/views.ts'
import type { Call, Copy } from './doubt-shop.ts'

/** What the inbox says of one message on the platform. */
export type Shown = Readonly<{ message: MessageView; part: PartView; place: string }>

export type Truth = Readonly<{
  shown: readonly Shown[]
  calls: readonly Call[]
  /** What is on the platform. */
  copies: readonly Copy[]
}>

/** Times that are read are whole seconds. */
const SKEW_MS = 1_000

const textOf = ({ part }: Shown): string => (part.kind === 'TEXT' ? (part.content ?? '') : 'an image')
const wordsOf = ({ text }: Copy): string => text ?? 'an image'
const isOurs = ({ message }: Shown): boolean => message.author.type === 'MEMBER'

/** Every promise about replies in doubt that was broken, in words; none is what a test wants. */
export function doubtViolations({ shown, calls, copies }: Truth): readonly string[] {
  const found: string[] = []
  const byId = new Map(copies.map((copy) => [copy.id, copy]))
  const callsOf = (one: Shown) => calls.filter(({ partId }) => partId === one.part.id)

  // Nothing twice, and nothing that nobody sent.
  const ours = shown.filter(isOurs)
  for (const one of ours) {
    const delivered = callsOf(one).flatMap((call) => call.delivered)
    if (delivered.length > 1) found.push(`delivered ${delivered.length} times: ${named(one)}`)
  }
  const delivered = new Set(calls.flatMap((call) => call.delivered))
  for (const { id, isTyped } of copies) if (delivered.has(id) === isTyped) found.push(`${id} is not accounted for`)

  // One platform id, one message.
  const claims = Map.groupBy(
    shown.filter(({ part }) => part.externalId !== null),
    ({ part }) => part.externalId,
  )
  for (const [id, by] of claims) if (by.length > 1) found.push(`${id} is claimed by ${by.map(named).join(' and ')}`)

  for (const one of shown) {
    const { status, externalId } = one.part
    const copy = externalId === null ? undefined : byId.get(externalId)
    if (status === 'SENT' || status === 'READ') {
      if (!copy) found.push(`not on the platform: ${named(one)}`)
      else if (copy.place !== one.place || wordsOf(copy) !== textOf(one)) found.push(`another's id: ${named(one)}`)
    } else if (externalId !== null) found.push(`has an id: ${named(one)}`)
  }
  for (const one of ours) {
    const own = callsOf(one)
    const last = own.at(-1)
    const { status, externalId } = one.part
    const accepted = own.find((call) => call.externalId !== null)
    if (accepted && (status !== 'SENT' || externalId !== accepted.externalId))
      found.push(`accepted as ${accepted.externalId}, and is ${named(one)}`)
    if (status === 'QUEUED' || status === 'SENDING') found.push(`left behind: ${named(one)}`)
    if (status === 'FAILED' && own.some((call) => call.delivered.length > 0)) found.push(`arrived: ${named(one)}`)
    if (status === 'FAILED' && last?.status !== 'refused') found.push(`was never refused: ${named(one)}`)
    if (status === 'UNKNOWN') {
      if (last?.status !== 'unknown') found.push(`was answered (${last?.status}): ${named(one)}`)
      const proof = copies.find((copy) => !claims.has(copy.id) && isProofOf(one, copy, last))
      if (proof) found.push(`${proof.id} would prove it: ${named(one)}`)
    }
  }

  // What was typed elsewhere is its own message, and what was sent here is not.
  const elsewhere = Map.groupBy(
    shown.filter((one) => !isOurs(one)),
    (one) => `${one.place} ${textOf(one)}`,
  )
  for (const [key, those] of elsewhere) {
    const typed = copies.filter((copy) => copy.isTyped && `${copy.place} ${wordsOf(copy)}` === key)
    if (those.length > typed.length) found.push(`${those.length} of ${typed.length} were typed elsewhere: ${key}`)
  }
  return found
}

const isProofOf = (one: Shown, copy: Copy, call: Call | undefined): boolean =>
  copy.place === one.place &&
  wordsOf(copy) === textOf(one) &&
  call !== undefined &&
  copy.at.getTime() + SKEW_MS >= call.startedAt.getTime()

/** Once the platform has told of everything: what is in the inbox is what is there, and what never got there. */
export function countViolations({ shown, copies }: Truth): readonly string[] {
  // What stands under a comment is shown only where it was written here.
  const places = new Set(shown.filter(({ message }) => message.audience === 'PRIVATE').map(({ place }) => place))
  const keys = new Set([
    ...shown.filter(({ place }) => places.has(place)).map((one) => `${one.place} ${textOf(one)}`),
    ...copies.filter(({ place }) => places.has(place)).map((copy) => `${copy.place} ${wordsOf(copy)}`),
  ])
  return [...keys].flatMap((key) => {
    const inbox = shown.filter((one) => `${one.place} ${textOf(one)}` === key)
    const there = copies.filter((copy) => `${copy.place} ${wordsOf(copy)}` === key).length
    const never = inbox.filter(({ part }) => part.status === 'FAILED' || part.status === 'UNKNOWN').length
    return inbox.length === there + never
      ? []
      : [`${key}: ${inbox.length} in the inbox, ${there} on the platform, ${never} failed or in doubt`]
  })
}

/** Whatever is in doubt for so long is for a person to decide: it says so, and readers were told once. */
export function silenceViolations(
  { shown, calls }: Truth,
  told: ReadonlyMap<string, number>,
  now: Date,
): readonly string[] {
  return shown.flatMap((one) => {
    if (one.part.status !== 'UNKNOWN') return []
    const since = calls.findLast(({ partId }) => partId === one.part.id)?.endedAt ?? now
    if (now.getTime() - since.getTime() < TELL_MS + PATIENCE_MS) return []
    const { failure, actions } = one.message
    if (failure?.code !== 'delivery-unknown' || !actions.includes('CHECK_AGAIN')) return [`silent: ${named(one)}`]
    const times = told.get(one.part.id) ?? 0
    return times === 1 ? [] : [`told ${times} times: ${named(one)}`]
  })
}

const PATIENCE_MS = 3_000

const named = (one: Shown): string =>
  `${one.message.author.type} "${textOf(one)}" ${one.part.status} ${one.part.externalId ?? ''} at ${one.place}`
