import type { ChannelId, ExternalMessageId, ImportId } from '../core/ids.ts'
import type { JobQueueName } from './job-queue.ts'

export type ImportRecord = Readonly<{
  id: ImportId
  state: 'RUNNING' | 'DONE' | 'FAILED'
  since: Date
  maxConversations: number
  /** The network's, of the page to read next. */
  cursor: string | null
  conversations: number
  updatedAt: Date
}>

export type ImportLimits = Readonly<{ since: Date; maxConversations: number }>

/** A code that programs can tell apart, and a sentence for people. */
export type ImportFailure = Readonly<{ code: string; detail: string }>

export type Step = Readonly<{ cursor: string | null; conversations: number; checked: number }>

/** How far a channel's past was read; what is found goes the way of webhooks. Inside a unit of work. */
export interface HistoryStore {
  /** When the channel was made and last swept. Throws `NotFound`. */
  about(channelId: ChannelId): Promise<Readonly<{ connectedAt: Date; lastSweepAt: Date | null }>>
  /** The one that runs, locked. */
  running(channelId: ChannelId): Promise<ImportRecord | null>
  find(id: ImportId): Promise<ImportRecord | null>
  start(id: ImportId, channelId: ChannelId, limits: ImportLimits, now: Date): Promise<void>
  imported(id: ImportId, messages: number, now: Date): Promise<void>
  /** Moves on from the page at `from`; false where another run has done so already. */
  advance(id: ImportId, from: string | null, step: Step, now: Date): Promise<boolean>
  end(id: ImportId, failure: ImportFailure | null, now: Date): Promise<void>
  /** Those that are neither stored nor taken back. */
  unknown(channelId: ChannelId, externalIds: readonly ExternalMessageId[]): Promise<readonly ExternalMessageId[]>
  /** A sweep found messages that were never delivered. */
  found(channelId: ChannelId, messages: number, now: Date): Promise<void>
  swept(channelId: ChannelId, startedAt: Date, checked: number): Promise<void>
  plan(queue: JobQueueName, payload: Readonly<Record<string, unknown>>): Promise<void>
}
