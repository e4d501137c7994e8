import type { MemberId, TicketId } from '../core/ids.ts'
import type { Member } from '../core/member/member.ts'

/** Members who were removed are not there. */
export interface MemberStore {
  /** Locks these and every owner in the order of their ids, so that nobody waits in a circle, and tells what they are then. */
  lockWithOwners(ids: readonly MemberId[]): Promise<readonly Member[]>
  /** Whether somebody is an active member, and stays so until the end of the transaction. Before a ticket is locked. */
  holdActive(id: MemberId): Promise<boolean>
  /** Of one that was locked. */
  save(member: Member): Promise<void>
  /** Of one that was locked: sessions that began before `now` are over for the organization. */
  endSessions(id: MemberId, now: Date): Promise<void>
  /** Of one that was locked: gone from the organization. Their tickets that are not resolved are given on, and named. */
  remove(id: MemberId, handOver: Readonly<{ reassignTo: MemberId | null; now: Date }>): Promise<readonly TicketId[]>
}
