export type SessionRecord = Readonly<{
  idHash: string
  data: unknown
  /** Null where nobody came back with it since it began. */
  usedAt: Date | null
}>

/** Where sessions are kept, under the hash of their id: a dump of it is no set of tokens. */
export interface SessionRecords {
  /** Null once it has expired, whether or not it is still stored. */
  get(idHash: string): Promise<SessionRecord | null>
  set(idHash: string, data: Readonly<Record<string, unknown>>, expiresAt: Date, userId: string | null): Promise<void>
  /** Notes when it was last used. One that has ended meanwhile stays so. */
  touch(idHash: string, usedAt: Date): Promise<void>
  destroy(idHash: string): Promise<void>
  /** All of one person that have not expired, in no order. */
  ofUser(userId: string): Promise<readonly SessionRecord[]>
}
