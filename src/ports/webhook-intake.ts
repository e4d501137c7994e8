import type { ChannelId, OrgId, RawEventId } from '../core/ids.ts'

/** A verified webhook body on its way from the api role to the inbound role; nobody has looked inside yet. */
export type RawDelivery = Readonly<{
  id: RawEventId
  orgId: OrgId
  channelId: ChannelId
  /** The exact bytes received, up to 3 MB. */
  body: Uint8Array
  /** False for a hand-made call under `ALLOW_UNVERIFIED_WEBHOOKS`. */
  verified: boolean
  receivedAt: Date
  requestId: string
}>

/** A verified body that Meta sent for a whole app: whose entries it holds nobody knows before somebody has looked inside. */
export type AppDelivery = Omit<RawDelivery, 'orgId' | 'channelId' | 'verified'> & Readonly<{ channelType: string }>

export interface WebhookIntake {
  /**
   * Resolves once the delivery is durable: confirmed by the broker or committed in the spool. Rejects with `Unavailable`
   * when neither was possible; the caller then answers 503 and the platform delivers again.
   */
  accept(delivery: RawDelivery | AppDelivery): Promise<void>
}

export type SourceOptions = Readonly<{
  concurrency: number
  /** Deliveries for a whole app, in batches of one channel type; without it they are failures. */
  handleForApp?: (batch: readonly AppDelivery[]) => Promise<void>
  /**
   * Takes a delivery that failed too often, with the last error. It is gone from the queue once this resolves, and comes here
   * again, later, when it rejects. Without it such a delivery is dead, with its body.
   */
  handleGivenUp?: (delivery: RawDelivery, error: unknown) => Promise<void>
}>

export interface WebhookSource {
  /**
   * Hands deliveries to `handle` in batches of one organization and channel, up to 100 of what is waiting, never waiting to
   * fill; up to `concurrency` batches at once. A batch is acknowledged when `handle` resolves and comes again, later, when
   * it rejects. One that takes too long counts as failed: its signal aborts, and it is to begin nothing more. The same
   * delivery may come more than once.
   */
  start(
    handle: (batch: readonly RawDelivery[], signal: AbortSignal) => Promise<void>,
    options: SourceOptions,
  ): Promise<void>
  /** Takes no more, waits for the running batches, gives the rest back. */
  stop(): Promise<void>
}
