import { inOrganization, type Orm } from '../../src/adapters/persistence/transaction.ts'
import type { OrgId } from '../../src/core/ids.ts'

/** As the relay does: ascending, without gaps, and the counter in the same transaction. */
export const numberEvents = (orm: Orm, orgId: OrgId): Promise<void> =>
  inOrganization(orm, orgId, async (tx) => {
    await tx.affected(
      `with c as (select last_seq from event_counters), n as (select id, row_number() over (order by id) as i from event_log where seq is null)
       update event_log e set seq = c.last_seq + n.i from c, n where n.id = e.id`,
    )
    await tx.affected(
      'update event_counters set last_seq = greatest(last_seq, coalesce((select max(seq) from event_log), 0))',
    )
  })
