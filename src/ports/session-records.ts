/** Where sessions are kept, under the hash of their id: a dump of it is no set of tokens. */
export interface SessionRecords {
  /** Null or undefined once it has expired, whether or not it is still stored. */
  get(idHash: string): Promise<unknown>
  set(idHash: string, data: Readonly<Record<string, unknown>>, expiresAt: Date, userId: string | null): Promise<void>
  destroy(idHash: string): Promise<void>
}
