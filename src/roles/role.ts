/** A started role. */
export type RunningRole = Readonly<{
  /** Takes nothing new, finishes or gives back what it has. */
  stop(): Promise<void>
}>
