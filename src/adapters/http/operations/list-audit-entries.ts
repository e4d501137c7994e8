import type { AuditFilter } from '../../../ports/audit-log.ts'
import { answerPage, given } from '../list.ts'
import { forMembers } from '../operation.ts'

type Given = Readonly<{
  action?: string
  actorId?: string
  resourceType?: string
  resourceId?: string
  occurredAfter?: string
  occurredBefore?: string
}>

export const listAuditEntries = forMembers(({ cursors, queries }) => (call) => {
  const { action, actorId, resourceType, resourceId, occurredAfter, occurredBefore } = call.query as Given
  const filter: AuditFilter = given({
    ...{ action, actorId, resourceType, resourceId },
    occurredAfter: occurredAfter === undefined ? undefined : new Date(occurredAfter),
    occurredBefore: occurredBefore === undefined ? undefined : new Date(occurredBefore),
  })
  return answerPage({ cursors }, call, { ...filter }, (page) => queries.auditEntries(call.actor.orgId, filter, page))
})
