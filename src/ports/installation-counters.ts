/** What no organization can be told, since it is nobody's: for the operator's metrics. Never throws. */
export interface InstallationCounters {
  /** `unknown-account`: entries of a whole app's webhook whose account is bound to no channel. */
  count(what: 'unknown-account', by: number): void
}
