import type { AuditEntryId } from '../core/ids.ts'

/** Left out: whatever it is. */
export type AuditFilter = Readonly<{
  action?: string
  /** Who did it. */
  actorId?: string
  resourceType?: string
  resourceId?: string
  occurredAfter?: Date
  occurredBefore?: Date
}>

/** Who did what to which thing: ids only. */
export type AuditEntryView = Readonly<{
  id: AuditEntryId
  action: string
  /** SYSTEM: the program by itself, the operator, or somebody who is not known. */
  actor: Readonly<{ type: 'MEMBER' | 'SYSTEM'; id: string | null }>
  resource: Readonly<{ type: string; id: string | null }>
  requestId: string | null
  occurredAt: Date
}>
