/** What no organization can be told, since it is nobody's: for the operator's metrics. Never throws. */
export interface InstallationCounters {
  /**
   * `unknown-account`: entries of a whole app's webhook whose account is bound to no channel. `unreadable-body`: signed bodies
   * for a whole app that were put aside.
   */
  count(what: 'unknown-account' | 'unreadable-body', by: number): void
}
