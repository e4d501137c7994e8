/** Kinds of calls that a network counts apart. */
export type PaceKind = 'text' | 'media' | 'private-reply' | 'conversations'

export type Rate = Readonly<{ calls: number; perMs: number }>

/** The network's own limits for one account, as the channel's settings have them; null for a kind that it does not limit. */
export type Pacing = (kind: PaceKind, settings: Readonly<Record<string, unknown>>) => Rate | null

/** Between two readings of conversations, which imports, sweeps and checks share. */
export function conversationsEveryMs(
  pacing: Pacing | undefined,
  { callsPerSecond }: Readonly<{ callsPerSecond: number }>,
  settings: Readonly<Record<string, unknown>>,
): number {
  const rate = pacing?.('conversations', settings) ?? { calls: callsPerSecond, perMs: 1_000 }
  return rate.perMs / rate.calls
}

/**
 * A rate as a distance between calls, and how many may come at once after a quiet time: a tenth of the rate, so that an agent who
 * answers ten people in a row does not wait. Together they never exceed the rate in any period, wherever it begins.
 */
export function paceOf({ calls, perMs }: Rate): Readonly<{ stepMs: number; slackMs: number }> {
  const burst = Math.floor(calls / 10)
  const stepMs = perMs / (calls - burst)
  return { stepMs, slackMs: burst * stepMs }
}
