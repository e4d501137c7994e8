import type { PageOf, PageRequest, Position } from '../../../ports/inbox-queries.ts'
import { isUuid } from '../uuid.ts'

/** A where clause and its parameters, grown together. */
export type Conditions = {
  /** Adds what `text` makes of the parameter's name; nothing for a value that is not given. */
  add(text: (parameter: string) => string, value: unknown): void
  /** Adds a condition whose parameters are there already. */
  and(text: string): void
  /** A parameter without a condition of its own. */
  param(value: unknown): string
  readonly where: string
  readonly params: readonly unknown[]
}

export function conditions(): Conditions {
  const parts: string[] = []
  const params: unknown[] = []
  const param = (value: unknown) => `$${params.push(value)}`
  return {
    param,
    add(text, value) {
      if (value !== undefined) parts.push(text(param(value)))
    },
    and: (text) => void parts.push(text),
    get where() {
      return parts.length === 0 ? 'true' : parts.join(' and ')
    },
    params,
  }
}

/** Newest first after a position: `key` and `id` are columns, together unique and indexed in this order. */
export function addBefore(where: Conditions, key: string, id: string, after: Position | null): void {
  if (after === null) return
  where.and(`(${key}, ${id}) < (${where.param(after.key)}::timestamptz, ${where.param(after.id)}::uuid)`)
}

/** A position that no list of ours has made would be an error of the statement. */
export const isPosition = ({ key, id }: Position): boolean =>
  isUuid(id) && key !== null && !Number.isNaN(Date.parse(key.slice(0, 24)))

/** Cuts the row that was read beyond the limit, which only tells that there is more. */
export function pageOf<Row, T>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => T,
  position: (row: Row) => Position,
): PageOf<T> {
  const kept = rows.slice(0, limit)
  const last = kept.at(-1)
  return { data: kept.map(view), next: rows.length > limit && last !== undefined ? position(last) : null }
}

export const emptyPage = { data: [], next: null } as const

/** Whether every id that is given can be one of ours, and the position too. */
export const canExist = (page: Pick<PageRequest, 'after'>, ...ids: readonly (string | undefined)[]): boolean =>
  (page.after === null || isPosition(page.after)) && ids.every((id) => id === undefined || isUuid(id))
