export type SealedCount = Readonly<{
  table: string
  /** Null for what is no sealed value at all. */
  keyId: string | null
  /** Sealed as a value would be now: nothing is to be done. */
  isCurrent: boolean
  values: number
}>

/** Names a row, and shows nothing of what is in it. */
export type SealedRow = Readonly<{ orgId: string; table: string; row: string }>

export type RotationOutcome =
  /** The ring is empty. */
  | Readonly<{ status: 'no-key' }>
  /** The ring has not all keys that are in use: nothing was changed. */
  | Readonly<{ status: 'keys-missing'; keyIds: readonly string[]; counts: readonly SealedCount[] }>
  | Readonly<{
      status: 'rotated'
      /** The key that seals. */
      keyId: string
      /** What was sealed anew, counted by how it was sealed before. */
      rewrapped: readonly SealedCount[]
      /** The others of the ring that nothing is sealed with any more. */
      unused: readonly string[]
      /** What is there now. */
      counts: readonly SealedCount[]
      /** They open with no key of the ring: damaged, or put there from elsewhere. They were left as they are. */
      unreadable: readonly SealedRow[]
    }>

/** Seals what is stored anew with the first key of the ring, so that older keys can go. */
export interface KeyRotation {
  /**
   * Reads and changes what is sealed in all organizations, some rows at a time, beside whatever else runs. A row that changes
   * meanwhile is left as it is then. Can be broken off anywhere and run again.
   */
  rotate(): Promise<RotationOutcome>
}
