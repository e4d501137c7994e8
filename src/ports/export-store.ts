import type { ChannelId, CustomerId, ExportId, TicketId } from '../core/ids.ts'
import type { ExportFailure } from './views.ts'

/** Whoever writes the file now. A later turn begins anew, and an earlier one writes nothing more. */
export type ExportTurn = Readonly<{ id: ExportId; customerId: CustomerId; turn: number }>

/** Who somebody is on a channel. */
export type ExportedIdentity = Readonly<{
  platform: string
  channelId: ChannelId
  externalId: string
  username: string | null
  name: string | null
  pictureUrl: string | null
}>

/** Writing a customer's data into one file, inside a unit of work of their organization. */
export interface ExportStore {
  /**
   * Plans one, and the job that writes it; while one is being written, that one. Throws `NotFound`, and `customer-being-erased`.
   * One that was asked for before `stalled` and is not ready has failed.
   */
  request(
    customerId: CustomerId,
    plan: Readonly<{ id: ExportId; now: Date; stalled: Date }>,
  ): Promise<Readonly<{ id: ExportId; isNew: boolean }>>
  /** Begins anew: what was written before is gone. Null where there is nothing to write, or no more. Goes by itself at `until`. */
  begin(id: ExportId, until: Date): Promise<ExportTurn | null>
  identities(customerId: CustomerId): Promise<readonly ExportedIdentity[]>
  /** The next few of their tickets, oldest first. */
  tickets(customerId: CustomerId, after: TicketId | null): Promise<readonly TicketId[]>
  /** Which of these platform's ids are of messages in the customer's tickets: under a post an answer may be to somebody else. */
  own(customerId: CustomerId, ids: readonly string[]): Promise<ReadonlySet<string>>
  /** False where another turn has begun, or the file is not wanted any more: what was written is gone. Pieces count from 0. */
  append(turn: ExportTurn, position: number, bytes: Uint8Array): Promise<boolean>
  /** The file is whole, and takes the place of those before it, which go. False as above. */
  finish(
    turn: ExportTurn,
    counts: Readonly<{ tickets: number; messages: number }>,
    times: Readonly<{ now: Date; until: Date }>,
  ): Promise<boolean>
  /** Gives up, and takes away what was written. */
  fail(turn: ExportTurn, failure: ExportFailure, now: Date): Promise<void>
}
