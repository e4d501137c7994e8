import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Position } from '../../ports/inbox-queries.ts'
import { RequestError } from './request-error.ts'

/** What a cursor belongs to: a list of one organization, with its filters and order. */
export type CursorScope = Readonly<Record<string, unknown>>

export type Cursors = Readonly<{
  write(position: Position, scope: CursorScope): string
  /** Throws `cursor-invalid` for one that is not ours, `cursor-mismatch` for one of another list. */
  read(cursor: string, scope: CursorScope): Position
}>

/** Cursors are opaque: `base64url(JSON [scope, key, id]) . base64url(HMAC)`. */
export function createCursors(key: string | Uint8Array): Cursors {
  const seal = (payload: string) => createHmac('sha256', key).update(payload).digest().subarray(0, 18)
  return {
    write({ key: sortKey, id }, scope) {
      const payload = Buffer.from(JSON.stringify([digest(scope), sortKey, id])).toString('base64url')
      return `${payload}.${seal(payload).toString('base64url')}`
    },
    read(cursor, scope) {
      const [payload = '', signature = '', ...rest] = cursor.split('.')
      const given = Buffer.from(signature, 'base64url')
      const expected = seal(payload)
      // Compared as text too: base64 has several spellings of the same bytes.
      const ours = given.length === expected.length && timingSafeEqual(given, expected)
      if (!ours || rest.length > 0 || signature !== expected.toString('base64url')) {
        throw new RequestError('cursor-invalid', 'The cursor was not made by this server, or was changed on the way.')
      }
      const [made, sortKey, id] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [
        string,
        string | null,
        string,
      ]
      if (made !== digest(scope))
        throw new RequestError('cursor-mismatch', 'The cursor was made for another list or with other filters.')
      return { key: sortKey, id }
    },
  }
}

const digest = (scope: CursorScope): string => {
  const entries = Object.entries(scope).filter(([, value]) => value !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(entries)).digest('base64url').slice(0, 22)
}
