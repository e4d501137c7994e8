export type SessionRecord = Readonly<{
  idHash: string
  data: unknown
  /** Null where nobody came back with it since it began. */
  usedAt: Date | null
}>

export type NextSession = Readonly<{
  idHash: string
  data: Readonly<Record<string, unknown>>
  expiresAt: Date
  userId: string
}>

/** Where sessions are kept, under the hash of their id: a dump of it is no set of tokens. */
export interface SessionRecords {
  /** Null once it has expired, whether or not it is still stored. */
  get(idHash: string): Promise<SessionRecord | null>
  set(idHash: string, data: Readonly<Record<string, unknown>>, expiresAt: Date, userId: string | null): Promise<void>
  /** Notes when it was last used. One that has ended meanwhile stays so. */
  touch(idHash: string, usedAt: Date): Promise<void>
  /** Whether it was there: of several that end one at once, one is told so. */
  destroy(idHash: string): Promise<boolean>
  /**
   * One goes and the next is there in the same step, last used when the first was: whoever lists a person's finds either of the
   * two. False where the first is not there (any more), and then there is no next.
   */
  move(idHash: string, next: NextSession): Promise<boolean>
  /** All of one person that have not expired, in no order. */
  ofUser(userId: string): Promise<readonly SessionRecord[]>
}
