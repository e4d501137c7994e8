/** What may be forgotten after its time. Every method may run in several processes at once. */
export interface Housekeeping {
  /** Raw webhook bodies received before this time; how many went. */
  forgetRawEvents(before: Date): Promise<number>
  /**
   * Entries received before this time whose account nobody has connected since, and the oldest where all of them together are
   * more than 1 GiB; how many went.
   */
  forgetUnclaimed(before: Date): Promise<number>
  /** What was said before this time of messages that have not come since. */
  forgetEarlyFacts(before: Date): Promise<number>
  /** Jobs given up before this time: a delivery among them holds its whole body. */
  forgetDeadJobs(before: Date): Promise<number>
  /** Idempotency keys made before this time. */
  forgetIdempotencyKeys(before: Date): Promise<number>
  /** Uploads whose time was over before this one, with their bytes. */
  forgetUploads(before: Date): Promise<number>
  /** Files of exports whose time was over before this one; their receipts stay. */
  forgetExports(before: Date): Promise<number>
  /** Sessions that ended before this time. */
  forgetSessions(before: Date): Promise<number>
}
