/** One key of the ring. `key` is 32 bytes; `id` names it inside what it sealed, so that keys can be rotated. */
export type EncryptionKey = Readonly<{ id: string; key: Uint8Array }>

/** Where a sealed value is kept. It opens there and nowhere else, so that none can be put in the place of another. */
export type SealedPlace = Readonly<{
  orgId: string
  table: string
  column: string
  /** The row's key, column by column. */
  row: readonly string[]
  /** What values of the first format, which knew neither table nor column, were bound to instead. */
  formerly: string
}>

/** Encrypts what is stored. */
export interface SecretBox {
  /** The ids of the ring's keys; the first seals. */
  readonly keyIds: readonly string[]
  /** Throws SecretBoxError `no-key` when the ring is empty. */
  seal(plaintext: string, place: SealedPlace): string
  /** Throws SecretBoxError: `malformed`, `unknown-key`, or `tampered` (changed bytes, or the value of another place). */
  open(sealed: string, place: SealedPlace): string
  /**
   * Which key sealed it, whether the ring has that key or not, and whether it would be sealed in the same way now. Null for
   * what is no sealed value.
   */
  inspect(sealed: string): Readonly<{ keyId: string; isCurrent: boolean }> | null
}

export type SecretBoxFailure = 'no-key' | 'malformed' | 'unknown-key' | 'tampered'
