import { NotFound } from '../../../core/errors.ts'
import type { DeadLetterStore } from '../../../ports/dead-letter-store.ts'
import type { Tx } from '../transaction.ts'
import { isUuid } from '../uuid.ts'

const REVIVE = `update jobs set state = 'READY', attempt = 0, run_at = now(), reason = null, dead_at = null, lease_until = null
 where org_id = $1 and state = 'DEAD'`

export const createDeadLetterStore = (tx: Tx): DeadLetterStore => ({
  async revive(id) {
    const revived = isUuid(id) ? await tx.affected(`${REVIVE} and id = $2`, [tx.orgId, id]) : 0
    if (revived === 0) throw new NotFound('dead letter')
  },

  reviveAll: ({ queue }) => tx.affected(`${REVIVE} and ($2::text is null or queue = $2)`, [tx.orgId, queue ?? null]),
})
