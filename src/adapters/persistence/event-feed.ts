import type { EventFeed } from '../../ports/inbox-queries.ts'
import type { InboxQueriesDeps } from './inbox-queries.ts'
import { eventRows, eventViews, lastNumber } from './queries/events.ts'
import { readInOrganization } from './transaction.ts'
import { isUuid } from './uuid.ts'

/** Numbers looked through at a time: most events of a busy organization are notifications of other members. */
const SCAN = 5_000

/** Numbers of an organization have no gap, so that a range of them is a bounded number of rows. */
export const createEventFeed = ({ orm, capabilitiesOf, clock }: InboxQueriesDeps): EventFeed => ({
  async read(orgId, memberId, afterSeq, limit) {
    if (!isUuid(orgId) || !isUuid(memberId)) return { events: [], scannedTo: afterSeq, more: false }
    return readInOrganization(orm, orgId, async (tx) => {
      const newest = await lastNumber(tx)
      const end = Math.min(newest, afterSeq + SCAN)
      const rows = end > afterSeq ? await eventRows(tx, memberId, afterSeq, end, limit + 1) : []
      const kept = rows.slice(0, limit)
      const cut = rows.length > limit
      const scannedTo = cut ? Number(kept.at(-1)?.seq ?? afterSeq) : Math.max(end, afterSeq)
      const events = await eventViews(tx, memberId, kept, { capabilitiesOf, now: clock.now() })
      return { events, scannedTo, more: scannedTo < newest }
    })
  },

  lastSeq: (orgId) => (isUuid(orgId) ? readInOrganization(orm, orgId, lastNumber) : Promise.resolve(0)),
})
