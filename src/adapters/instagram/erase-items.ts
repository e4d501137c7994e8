import type { InboundEvent } from '../../core/channel/inbound-event.ts'
import type { InboundParser, ParseOptions } from '../../ports/channel-adapter.ts'
import { asList, asShape, has } from '../channel-kit/fields.ts'
import { idsWithin } from '../channel-kit/ids-within.ts'
import { parseChange } from './parse-change.ts'
import { parseMessagingItem } from './parse-messaging.ts'
import { type Piece, scopeOf } from './split-body.ts'
import type { Entry } from './webhook-payload.ts'

type IsGone = Parameters<NonNullable<InboundParser['erase']>>[2]

/**
 * What is left of an entry, or of a piece that is none: the same value where nothing goes, null where nothing is left. Items go
 * whole, each as the parser reads it, since what is in them besides the words (who, when, which link) is somebody's as well.
 */
export function eraseItems(
  piece: Piece,
  options: ParseOptions,
  isGone: IsGone,
  parseWhole: () => readonly InboundEvent[],
): unknown {
  const goes = (value: unknown, events: readonly InboundEvent[]): boolean => {
    const ids = idsWithin(value)
    return events.some((event) => isGone(event, (id) => ids.has(id)))
  }
  const entry = asShape<Entry>(piece.value)
  if (piece.object !== 'instagram' || entry === null) return goes(piece.value, parseWhole()) ? null : piece.value

  const scope = scopeOf(piece, options)
  const kept = (key: 'messaging' | 'standby' | 'messaging_handovers' | 'changes') => {
    const parse = key === 'changes' ? parseChange : parseMessagingItem
    const items = asList(entry[key])
    const left = items.filter((item) => !goes(item, parse(item, scope)))
    return { key, left, isSame: left.length === items.length }
  }
  const lists = (['messaging', 'standby', 'messaging_handovers', 'changes'] as const).map(kept)
  // An entry can be a change itself.
  const isFlatGone = has(entry.value) && goes({ value: entry.value }, parseChange(entry, scope))
  if (lists.every(({ isSame }) => isSame) && !isFlatGone) return piece.value
  const { field: _field, value: _value, ...rest } = entry as Record<string, unknown>
  const left = {
    ...(isFlatGone ? rest : entry),
    ...Object.fromEntries(lists.filter(({ isSame }) => !isSame).map(({ key, left: items }) => [key, items])),
  }
  const isEmpty = lists.every(({ left: items }) => items.length === 0) && (isFlatGone || !has(entry.value))
  return isEmpty ? null : left
}
