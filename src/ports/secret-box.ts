/** One key of the ring. `key` is 32 bytes; `id` names it inside what it sealed, so that keys can be rotated. */
export type EncryptionKey = Readonly<{ id: string; key: Uint8Array }>

/** Encrypts what is stored. The context (organization and row, say) must be the same for sealing and opening. */
export interface SecretBox {
  /** Throws SecretBoxError `no-key` when the ring is empty. */
  seal(plaintext: string, context: string): string
  /** Throws SecretBoxError: `malformed`, `unknown-key`, or `tampered` (changed bytes or another context). */
  open(sealed: string, context: string): string
}

export type SecretBoxFailure = 'no-key' | 'malformed' | 'unknown-key' | 'tampered'
