import type { Bounds, Report } from './checker.ts'
import type { Facts } from './facts.ts'

/** I8: when all has calmed down nothing waits; and what nobody could do was put where somebody looks. */
export function checkQueues({ snapshot }: Facts, { jobsWithinMs }: Bounds, report: Report): void {
  for (const { queue, messages, isDead } of snapshot.queues) {
    if (messages === 0) continue
    if (isDead) report('I8', 'unexpected', `${messages} messages were given up, and are in ${queue}`, messages)
    else report('I8', 'stuck', `${messages} messages wait in ${queue}`, messages)
  }
  const dueBy = snapshot.takenAt.getTime() - jobsWithinMs
  for (const { id, queue, state, runAt, reason } of snapshot.jobs) {
    if (state === 'DEAD') report('I8', 'unexpected', `the job ${id} (${queue}) was given up: ${reason}`)
    // Others are planned ahead: looks at what is in doubt, sweeps.
    else if (queue === 'inbound' || runAt.getTime() < dueBy)
      report('I8', 'stuck', `the job ${id} (${queue}) is ${state}`)
  }
}
