export interface PasswordHasher {
  /** A self-describing hash (PHC string) with a salt of its own. */
  hash(password: string): Promise<string>
  /** Takes constant time for the comparison; false for a hash it cannot read. */
  verify(password: string, storedHash: string): Promise<boolean>
  /** Spends the time of a `verify` and is false: for a login with an unknown e-mail, so that it takes as long as a known one. */
  verifyDummy(password: string): Promise<false>
}
