import { setTimeout as delay } from 'node:timers/promises'
import type { Failpoint, FailpointPlan, FailpointSetting } from '../../config/failpoints.ts'
import type { Logger } from '../../ports/logger.ts'

export class FailpointReached extends Error {
  constructor(name: string) {
    super(`the failpoint ${name} was reached`)
    this.name = 'FailpointReached'
  }
}

/** Null where there is nothing to fail at: whoever asks for it then leaves everything as it is. */
export function createFailpoint(setting: FailpointSetting | null, log: Logger): Failpoint | null {
  if (setting === null) return null
  const passed = new Map<string, number>()
  return async (name) => {
    const nth = (passed.get(name) ?? 0) + 1
    passed.set(name, nth)
    if (setting.trace) log.info({ failpoint: name, nth }, 'a failpoint was passed')
    const plan = setting.plans.find((one) => one.name === name && one.nth === nth)
    if (plan) await fail(plan, log)
  }
}

async function fail({ name, kind, delayMs }: FailpointPlan, log: Logger): Promise<void> {
  log.warn({ failpoint: name, kind }, 'a failpoint was reached')
  if (kind === 'throw') throw new FailpointReached(name)
  if (kind === 'delay') {
    await delay(delayMs)
    return
  }
  // As the machine does it: nothing is finished, closed or said.
  if (kind === 'kill') process.kill(process.pid, 'SIGKILL')
  await new Promise<never>(() => {})
}
