/** Of all organizations together, as it is now. */
export type TroubleCounts = Readonly<{
  /** Work that was given up, by kind. */
  deadLetters: Readonly<Record<string, number>>
  /** Replies whose call is under way, and those of which nobody knows whether they were sent. */
  replies: Readonly<{ sending: number; unknown: number }>
  /** Deliveries that channels have put aside since they were made. */
  quarantined: number
}>

/** Rejects while the database does not answer. */
export type CountTrouble = () => Promise<TroubleCounts>
