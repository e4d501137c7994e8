import type { ChannelId, CustomerId, OrgId, TicketId } from '../core/ids.ts'

export type KeptForDays = Readonly<{ orgId: OrgId; channelId: ChannelId }>

/** Of all organizations: ids and ages only. May run in several processes at once. */
export interface RetentionPlans {
  /** Channels whose messages are not kept for good, disconnected ones among them. */
  channels(): Promise<readonly KeptForDays[]>
  /** Jobs of the channel that were given up before this time: a delivery among them holds its body. How many went. */
  forgetJobs(channel: KeptForDays, before: Date): Promise<number>
}

/** What is sent before `before` goes, where its ticket was resolved before `resolvedBefore`. */
export type Overdue = Readonly<{ before: Date; resolvedBefore: Date }>

/** A window over many rows: what was found in it, and where the next one begins; null after the last. */
export type Window<Id> = Readonly<{ found: readonly Id[]; next: string | null }>

export type Gone = Readonly<{ messages: number; tickets: number; bodies: number }>

/** Taking away what is past its time, a bounded step a transaction, inside a unit of work of the organization. */
export interface RetentionStore {
  /** Before when messages of the channel are past their time at the moment; null where they are kept for good. */
  before(channelId: ChannelId, now: Date): Promise<Date | null>
  /**
   * Comes first in whatever takes something away: nobody takes in anything for the channel until the transaction ends, and whoever
   * does afterwards stores nothing that is older. As `before`.
   */
  begin(channelId: ChannelId, now: Date): Promise<Date | null>
  /** Tickets that have messages to go. */
  tickets(channelId: ChannelId, overdue: Overdue, after: string | null): Promise<Window<TicketId>>
  /** A limited number of their messages, with all that was said of them, and tickets and conversations that are empty then. */
  expireMessages(
    channelId: ChannelId,
    tickets: readonly TicketId[],
    overdue: Overdue,
    now: Date,
  ): Promise<Gone & Readonly<{ isAll: boolean }>>
  /** Customers who were not heard of since, of whom nothing is left but exports, which go with them. */
  customers(channelId: ChannelId, before: Date, after: string | null): Promise<Window<CustomerId>>
  expireCustomers(channelId: ChannelId, customers: readonly CustomerId[], before: Date, now: Date): Promise<number>
  /** A limited number of the channel's kept bodies; how many went, 0 at the end. */
  expireBodies(channelId: ChannelId, before: Date): Promise<number>
  /** What was said of messages that are not there. */
  expireFacts(channelId: ChannelId, before: Date): Promise<void>
}
