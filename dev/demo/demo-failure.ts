/** Why the demo did not do what it shows, as a sentence for the person who started it. */
export class DemoFailure extends Error {}

/** Ctrl-C and its kin. */
export class Interrupted extends Error {
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super(`Interrupted by ${signal}`)
    this.signal = signal
  }
}
