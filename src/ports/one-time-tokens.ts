/** Secrets that serve once; stored as hashes, so that a dump opens nothing. */
export interface OneTimeTokens {
  /** 256 random bits in base64url. */
  make(): string
  /** SHA-256 in hex. */
  hash(token: string): string
}
