import type { OrgId, PartId } from '../core/ids.ts'

/** A part of a reply that is in doubt, whosever it is. */
export type OpenDoubt = Readonly<{ orgId: OrgId; partId: PartId }>

/** What is in doubt in the whole installation. */
export interface OpenDoubts {
  /** Those that began before and that nobody was told of, `limit` at most. */
  untold(before: Date, limit: number): Promise<readonly OpenDoubt[]>
}
