import type { AccountShare, InboundEvent, ParsedWebhook } from '../../core/channel/inbound-event.ts'
import type { InboundParser, ParseOptions, SplitWebhook } from '../../ports/channel-adapter.ts'
import { readJson } from '../channel-kit/json.ts'
import { isPlainForm, readPlainForm } from '../channel-kit/plain-form.ts'
import { eraseItems } from './erase-items.ts'
import { UNATTRIBUTABLE } from './ids.ts'
import { parseEntry } from './parse-entry.ts'
import { redactMessages } from './redact.ts'
import { timeOf, unknown } from './scope.ts'
import { bodyOf, countItems, type Piece, scopeOf, splitBody } from './split-body.ts'

/** The platform puts at most 1,000 updates into one delivery; each counts for up to three here, with entry and body. */
const MAX_ITEMS = 10_000

export const instagramParser: InboundParser = {
  parse: parseWebhook,
  split: splitWebhook,
  redact: redactMessages,
  erase,
}

function parseWebhook(body: Uint8Array, options: ParseOptions): ParsedWebhook {
  const json = readJson(body)
  if (!json.ok) return { readable: false, reason: json.reason }
  if (countItems(json.value) > MAX_ITEMS) return { readable: false, reason: 'too-many-events' }
  const groups = groupByAccount(splitBody(json.value, options))
  const shares = groups.map(
    (pieces): AccountShare => ({
      account: pieces[0].account,
      isTest: pieces[0].isTest,
      body: groups.length === 1 ? json.text : bodyOf(pieces),
      events: pieces[0].isTest ? [] : pieces.flatMap((piece, position) => parsePiece(piece, position, options)),
    }),
  )
  return { readable: true, shares }
}

function splitWebhook(body: Uint8Array, { apart } = { apart: false }): SplitWebhook {
  const json = readJson(body)
  if (!json.ok) return { readable: false, reason: json.reason }
  if (countItems(json.value) > MAX_ITEMS) return { readable: false, reason: 'too-many-events' }
  const pieces = splitBody(json.value, { receivedAt: new Date(0), account: UNATTRIBUTABLE, verified: true })
  const groups = apart ? pieces.map((piece): Group => [piece]) : groupByAccount(pieces)
  const shares = groups.map((group) => ({
    account: group[0].account,
    body: bodyOf(group),
    entries: group.length,
  }))
  return { readable: true, shares }
}

function erase(
  body: string,
  options: ParseOptions,
  isGone: Parameters<NonNullable<InboundParser['erase']>>[2],
): string {
  const json = readJson(Buffer.from(body))
  if (!json.ok) return ''
  let isWhole = true
  const left = splitBody(json.value, options).flatMap((piece, position): readonly Piece[] => {
    if (piece.account !== options.account) return [piece]
    const value = eraseItems(piece, options, isGone, () => parsePiece(piece, position, options))
    if (value === piece.value) return [piece]
    isWhole = false
    return value === null ? [] : [{ ...piece, value }]
  })
  return isWhole ? body : left.length === 0 ? '' : bodyOf(left)
}

type Group = [Piece, ...Piece[]]

function groupByAccount(pieces: readonly Piece[]): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const piece of pieces) {
    const key = `${piece.isTest} ${piece.account}`
    const group = groups.get(key)
    if (group) group.push(piece)
    else groups.set(key, [piece])
  }
  return [...groups.values()]
}

function parsePiece(piece: Piece, position: number, options: ParseOptions): readonly InboundEvent[] {
  const { account, receivedAt, verified } = options
  const scope = scopeOf(piece, options)
  if (piece.object === 'instagram') {
    return piece.namedId === null && verified ? [unknown('no-account', timeOf(scope))] : parseEntry(piece.value, scope)
  }
  if (!verified && isPlainForm(piece.value)) return [readPlainForm(piece.value, { account, receivedAt, position })]
  return [unknown(piece.object === null ? 'no-account' : 'other-object', timeOf(scope))]
}
