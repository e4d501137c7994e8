/** How often a platform may be asked for an account, kept in the database: whichever process, channel or organization asks. */
export interface AccountPace {
  /** Resolves when it is this caller's turn, or at once when `signal` aborts. Turns are `everyMs` apart, in order. */
  turn(account: PacedAccount, everyMs: number, signal: AbortSignal): Promise<void>
  /** The platform asked to wait: nobody's turn comes before that. */
  postpone(account: PacedAccount, byMs: number): Promise<void>
}

export type PacedAccount = Readonly<{ platform: string; account: string }>
