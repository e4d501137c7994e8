/** When each channel is to be searched for messages that were never delivered. May run in several processes at once. */
export interface SweepPlans {
  /**
   * Enqueues a job for each channel of these types that is due, and plans the next about `everyMs` later; how many. A channel
   * that is new here is due within that time, so that not all come at once.
   */
  enqueueDue(types: readonly string[], everyMs: number): Promise<number>
}
