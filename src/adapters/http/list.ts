import type { Actor } from '../../core/actor.ts'
import type { ChannelLimit, PageOf, PageRequest } from '../../ports/inbox-queries.ts'
import type { CursorScope } from './cursor.ts'
import { type Answer, json, type MemberCall, type OperationDeps } from './operation.ts'
import { pathOf } from './send-problem.ts'

type Read<T> = (page: PageRequest) => Promise<PageOf<T>>

/** One page of a list, in the form that all lists have. `filters` are what a cursor of this list is good for. */
export async function answerPage<T>(
  { cursors }: Pick<OperationDeps, 'cursors'>,
  call: MemberCall,
  filters: CursorScope,
  read: Read<T>,
  toJson: (item: T) => unknown = (item) => item,
): Promise<Answer> {
  const { cursor, limit } = call.query
  const scope = { list: call.req.route.path as string, orgId: call.actor.orgId, ...filters }
  const after = typeof cursor === 'string' ? cursors.read(cursor, scope) : null
  const { data, next } = await read({ limit: limit as number, after })
  const nextCursor = next && cursors.write(next, scope)
  return json(
    200,
    { data: data.map(toJson), page: { nextCursor, hasMore: next !== null } },
    linkTo(call, 'cursor', nextCursor),
  )
}

/** `Link: <…>; rel="next"` (RFC 8288): the same request, one page on. Relative, so that it holds behind any proxy. */
export function linkTo(call: Pick<MemberCall, 'req'>, name: string, value: string | null): Record<string, string> {
  if (value === null) return {}
  const query = new URLSearchParams(call.req.originalUrl.split('?')[1])
  query.set(name, value)
  return { Link: `<${pathOf(call.req)}?${query}>; rel="next"` }
}

/** Whoever has some channels only finds what is of those. */
export const limitOf = ({ channelIds }: Pick<Actor, 'channelIds'>): ChannelLimit =>
  channelIds === null ? {} : { channelIds: [...channelIds] }

/** Without what was not asked for: a filter that is absent is no filter. */
export function given<T extends Record<string, unknown>>(filters: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
