import type { DeadLetterId } from '../core/ids.ts'
import type { JobQueueName } from './job-queue.ts'

export type DeadLetterFilter = Readonly<{ queue?: JobQueueName }>

/** Jobs that were given up, inside a unit of work of their organization. */
export interface DeadLetterStore {
  /** It is tried again, with all its attempts. Throws `NotFound`, also where it is not dead. */
  revive(id: DeadLetterId): Promise<void>
  /** All of them that the filter matches; answers how many those are. */
  reviveAll(filter: DeadLetterFilter): Promise<number>
}

/** What was given up and is no organization's: bodies for a whole app, and what another program put into a queue. */
export interface InstallationDeadLetters {
  /** Newest first. */
  list(limit: number): Promise<readonly InstallationDeadLetter[]>
  /** All of them with null; answers how many are tried again. Where there are any, the audit log has a row without an organization. */
  revive(id: string | null): Promise<number>
}

export type InstallationDeadLetter = Readonly<{
  id: string
  queue: string
  reason: string | null
  deadAt: Date
  bytes: number
}>
