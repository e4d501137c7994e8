import type { DeadLetterId } from '../../../core/ids.ts'
import type { DeadLetterFilter } from '../../../ports/dead-letter-store.ts'
import type { PageOf, PageRequest } from '../../../ports/inbox-queries.ts'
import type { DeadLetterView } from '../../../ports/views.ts'
import type { Tx } from '../transaction.ts'
import { addBefore, canExist, conditions, emptyPage, pageOf } from './conditions.ts'

type Row = {
  id: DeadLetterId
  queue: DeadLetterView['queue']
  reason: string | null
  attempt: number
  dead_at: Date
  /** With microseconds, which a Date has not. */
  position: string
}

export async function deadLettersPage(
  tx: Tx,
  { queue }: DeadLetterFilter,
  page: PageRequest,
): Promise<PageOf<DeadLetterView>> {
  if (!canExist(page)) return emptyPage
  const where = conditions()
  where.and(`j.state = 'DEAD'`)
  where.add((p) => `j.org_id = ${p}`, tx.orgId)
  where.add((p) => `j.queue = ${p}`, queue)
  addBefore(where, 'j.dead_at', 'j.id', page.after)
  const rows = await tx.rows<Row>(
    `select j.id, j.queue, j.reason, j.attempt, j.dead_at,
       to_char(j.dead_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as position
     from jobs j where ${where.where} order by j.dead_at desc, j.id desc limit ${where.param(page.limit + 1)}`,
    where.params,
  )
  return pageOf(rows, page.limit, deadLetterView, ({ position, id }) => ({ key: position, id }))
}

const deadLetterView = ({ id, queue, reason, attempt, dead_at }: Row): DeadLetterView => ({
  id,
  queue,
  reason: kindOf(reason),
  attempts: attempt,
  deadAt: dead_at,
})

/** The text itself is for the log: it may name servers. */
function kindOf(reason: string | null): DeadLetterView['reason'] {
  if (reason === 'whoever held it died or hung') return 'crashed'
  return reason === 'the payload is not a JSON object' ? 'unreadable' : 'failed'
}
