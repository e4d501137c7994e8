export type EmbeddedPostgresErrorCode =
  /** No PostgreSQL binaries for this system, or they do not run on it. */
  | 'no-binaries'
  /** The data folder was made by another PostgreSQL major. */
  | 'other-major'
  /** The folder holds something that is not a PostgreSQL data folder. */
  | 'not-ours'
  /** The data folder belongs to another user than the one the server would run as. */
  | 'other-owner'
  /** The user the server runs as cannot get to the data folder. */
  | 'unreachable'
  /** Somebody else's server, or one we cannot see, is at work on the folder. */
  | 'in-use'
  | 'start-failed'

/** Why there is no embedded server. The message is one sentence for the operator and says what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
  readonly code: EmbeddedPostgresErrorCode

  constructor(code: EmbeddedPostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
