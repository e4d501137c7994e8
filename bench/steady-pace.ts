import { setTimeout as sleep } from 'node:timers/promises'

export type Pace = Readonly<{
  perSecond: number
  seconds: number
  /** How often it is looked at who is due. */
  stepMs: number
  /**
   * What is late, since this process did not get a processor, is made up for at twice the pace, at once no more than is due in this
   * time; without it all at once.
   */
  burstMs?: number
}>

/** Where more of a load than this was late, it was another load than the one that was asked for. */
export const MOST_LATE = 0.05
const CATCH_UP_TIMES = 2

/**
 * Sends what is due, whatever the answers take: the number of each, from 0 on, and the time on the process's clock at which it was due.
 * Answers the share of them that was not sent by the end of the time.
 */
export async function atSteadyPace(
  { perSecond, seconds, stepMs, burstMs }: Pace,
  send: (n: number, dueAtMs: number) => void,
): Promise<number> {
  const startedAt = performance.now()
  const total = Math.floor(seconds * perSecond)
  let before = 0
  for (let sent = 0; ; ) {
    const elapsed = (performance.now() - startedAt) / 1_000
    const due = Math.floor(Math.min(elapsed, seconds) * perSecond)
    const madeUpFor = Math.min(CATCH_UP_TIMES * (elapsed - before), (burstMs ?? Number.POSITIVE_INFINITY) / 1_000)
    const until = burstMs === undefined ? due : Math.min(due, sent + Math.ceil(madeUpFor * perSecond))
    before = elapsed
    for (; sent < until; sent++) send(sent, startedAt + ((sent + 1) / perSecond) * 1_000)
    if (elapsed >= seconds) {
      const late = (total - sent) / Math.max(total, 1)
      for (; sent < total; sent++) send(sent, startedAt + ((sent + 1) / perSecond) * 1_000)
      return late
    }
    await sleep(stepMs)
  }
}
