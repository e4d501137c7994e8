import type { ChannelId, CustomerId, ErasureId, ExternalAccountId, RawEventId, TicketId } from '../core/ids.ts'
import type { MessageFailure } from './views.ts'
import type { RawDelivery } from './webhook-intake.ts'

/** Whom and what a sweep looks for, of one channel. */
export type ErasedIdentity = Readonly<{
  channelId: ChannelId
  /** The channel's, also of one that is disconnected by now. */
  type: string
  account: ExternalAccountId
  settings: Readonly<Record<string, unknown>>
  /** The platform's ids of the person. */
  people: readonly string[]
  /** Those of their messages, and of those to them. */
  messages: readonly string[]
}>

export type ErasureFacts = Readonly<{
  customerId: CustomerId
  /** When the rows went: what was sent until then stays away. */
  until: Date
  identities: readonly ErasedIdentity[]
  tickets: readonly TicketId[]
  /** Bodies that are known to hold something of them. */
  bodies: readonly RawEventId[]
}>

/** Erasing customers, inside a unit of work of their organization. */
export interface ErasureStore {
  /**
   * Once for each customer: who asks again gets the same one. From now on no reply to them is taken, and what waits to be sent
   * fails. Throws `NotFound`.
   */
  request(
    customerId: CustomerId,
    plan: Readonly<{ id: ErasureId; now: Date; failure: MessageFailure }>,
  ): Promise<Readonly<{ id: ErasureId; isNew: boolean }>>
  /**
   * Takes the customer's rows away, all at once, and leaves the marks by which what was sent before is known. `waits` while a reply
   * to them is under way: its echo would come afterwards. Null where that was done before.
   */
  erase(id: ErasureId, now: Date): Promise<CustomerId | 'waits' | null>
  /** What the sweep looks for; null once it has ended. */
  facts(id: ErasureId): Promise<ErasureFacts | null>
  /** The next kept bodies that may hold something of them, after `after`; `next` is null after the last. */
  bodies(
    facts: ErasureFacts,
    identity: ErasedIdentity,
    after: RawEventId | null,
  ): Promise<Readonly<{ found: readonly RawDelivery[]; next: RawEventId | null }>>
  replaceBody(id: RawEventId, body: Uint8Array): Promise<void>
  /** What was said of these messages, which never came; they are marked as well. */
  forgetMessages(identity: ErasedIdentity, messages: readonly string[]): Promise<void>
  /** What events told besides ids: of the customer and their tickets, from `after` on. Null after the last. */
  forgetChanges(facts: ErasureFacts, after: number): Promise<number | null>
  finish(id: ErasureId, bodies: number, now: Date): Promise<void>
}

/** What is no organization's, or of no unit of work: bodies on their way, and jobs. */
export interface ErasureTraces {
  /** Jobs about somebody that wait or were given up. */
  forgetJobs(orgId: string, ids: readonly string[]): Promise<number>
  /**
   * Bodies in the table of jobs and of accounts that nobody has connected: `rewrite` answers what is left, the same bytes where it is
   * none of theirs. Those that wait are looked at where they name a person: whatever they say is taken in without the erased.
   */
  rewriteBodies(
    of: Readonly<{ orgId: string; channelId: ChannelId; type: string; account: string }>,
    ids: Pick<ErasedIdentity, 'people' | 'messages'>,
    rewrite: (body: Uint8Array, from: Readonly<{ receivedAt: Date; verified: boolean }>) => Uint8Array,
  ): Promise<number>
}
