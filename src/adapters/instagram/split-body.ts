import type { ExternalAccountId } from '../../core/ids.ts'
import type { ParseOptions } from '../../ports/channel-adapter.ts'
import { asList, asShape, has, readId } from '../channel-kit/fields.ts'
import { accountId, UNATTRIBUTABLE } from './ids.ts'
import type { Scope } from './scope.ts'
import type { Entry, WebhookBody } from './webhook-payload.ts'

/** The smallest part of a body that speaks for one account. */
export type Piece = Readonly<{
  account: ExternalAccountId
  isTest: boolean
  /** The body's `object`; null where it has none and the piece is the body's whole value. */
  object: string | null
  /** What the entry calls its account. */
  namedId: string | null
  value: unknown
}>

/** The dashboard's "Test" button. Known by this id alone: a real comment has the same shape. */
const SAMPLE_ACCOUNT = '0'

/** Some examples wrap the whole body in a list. */
const unwrap = (body: unknown): readonly unknown[] => (Array.isArray(body) && body.length > 0 ? body : [body])

export function splitBody(body: unknown, options: ParseOptions): readonly Piece[] {
  return unwrap(body).flatMap((value): readonly Piece[] => {
    const { object, entry } = asShape<WebhookBody>(value) ?? {}
    const entries = asList(entry)
    if (typeof object !== 'string' || entries.length === 0) return [wholeValue(value, options)]
    return entries.map((item) => pieceOf(object, item, options))
  })
}

/** What the events of a piece have in common. */
export const scopeOf = (piece: Piece, { account, aliases = [], receivedAt }: ParseOptions): Scope => ({
  account: piece.account,
  ownIds: new Set([
    piece.account,
    ...(piece.account === account ? aliases : []),
    ...(piece.namedId === null ? [] : [piece.namedId]),
  ]),
  entryTime: asShape<Entry>(piece.value)?.time,
  receivedAt,
})

/** How many events to expect, counted before anything is made of them. */
export const countItems = (body: unknown): number =>
  unwrap(body)
    .map((value) => asList(asShape<WebhookBody>(value)?.entry))
    .reduce((sum, entries) => sum + 1 + entries.reduce<number>((inner, entry) => inner + itemsOf(entry), 0), 0)

function itemsOf(value: unknown): number {
  const entry = asShape<Entry>(value) ?? {}
  const lists = [entry.messaging, entry.standby, entry.messaging_handovers, entry.changes]
  return lists.reduce<number>((sum, list) => sum + asList(list).length, 1)
}

function pieceOf(object: string, entry: unknown, { account, aliases = [], verified }: ParseOptions): Piece {
  const given = asShape<Entry>(entry)?.id
  const namedId = readId(given)
  const isTest = object === 'instagram' && namedId === SAMPLE_ACCOUNT
  // An entry of another object says nothing of an Instagram account, whatever number it has: it is kept, and nothing is made.
  const isOurs = !verified || object !== 'instagram' || aliases.some((alias) => alias === namedId)
  // One that names nobody stays with whoever's secret signed it; a name that cannot be read may be anybody's.
  const unnamed = has(given) ? UNATTRIBUTABLE : account
  const named = namedId === null ? unnamed : accountId(namedId)
  return { account: isOurs ? account : named, isTest, object, namedId, value: entry }
}

/** It names nobody else: it is kept for the account whose secret signed it, and counted there. */
const wholeValue = (value: unknown, { account }: ParseOptions): Piece => ({
  account,
  isTest: false,
  object: null,
  namedId: null,
  value,
})

/** The pieces as a body of their own: split again, it gives the same pieces. */
export function bodyOf(pieces: readonly Piece[]): string {
  const values: unknown[] = []
  let open = null as { object: string; entry: unknown[] } | null
  for (const { object, value } of pieces) {
    if (object === null) {
      values.push(value)
      open = null
    } else if (open?.object === object) {
      open.entry.push(value)
    } else {
      open = { object, entry: [value] }
      values.push(open)
    }
  }
  // A single list would be taken for the wrapping one.
  return JSON.stringify(values.length === 1 && !Array.isArray(values[0]) ? values[0] : values)
}
