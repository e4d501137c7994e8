/** Internal jobs: kept in PostgreSQL on every profile, so that they can be enqueued in the transaction they belong to. */
export type JobQueueName =
  | 'profile-lookup'
  | 'media-lookup'
  | 'mention-lookup'
  | 'message-lookup'
  | 'raw-event-replay'
  | 'history-import'
  | 'history-sweep'
  | 'token-refresh'
  | 'subscribe'
  | 'unsubscribe'
  | 'entry-claim'
  | 'doubt-check'
  | 'reaction'
  | 'erasure'
  | 'export'

export type Job = Readonly<{
  id: string
  queue: JobQueueName
  payload: Readonly<Record<string, unknown>>
  attempt: number
}>

export type JobOutcome =
  | Readonly<{ status: 'done' }>
  /** Comes again after this many milliseconds, until the attempts are used up; then it is dead, with this reason. */
  | Readonly<{ status: 'retry'; afterMs: number; reason: string }>
  /** Comes again, and this time does not count: it could not be tried. */
  | Readonly<{ status: 'wait'; afterMs: number; reason: string }>
  | Readonly<{ status: 'dead'; reason: string }>

export interface JobQueue {
  start(queue: JobQueueName, handle: (job: Job) => Promise<JobOutcome>, options: { concurrency: number }): Promise<void>
  stop(): Promise<void>
}
