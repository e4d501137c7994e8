import test, { type ExecutionContext } from 'ava'
import type { Core } from '../../src/core/index.ts'
import type { JobQueue } from '../../src/ports/job-queue.ts'
import type { Wakeups } from '../../src/ports/wakeups.ts'
import { startOutbound } from '../../src/roles/outbound.ts'
import { RecordingLog } from '../fakes/recording-log.ts'
import { waitFor } from '../support/processes.ts'

/** A line of messages, each under way until the test lets it end. */
async function aLine(t: ExecutionContext, count: number) {
  let waiting = count
  const underWay: (() => void)[] = []
  const listeners: (() => void)[] = []
  const core = {
    deliverDue: async (limit: number) => {
      const taken = Math.min(limit, waiting)
      waiting -= taken
      return Array.from({ length: taken }, () => new Promise<null>((resolve) => underWay.push(() => resolve(null))))
    },
    tellUnconfirmed: async () => 0,
  } as Pick<Core, 'deliverDue' | 'tellUnconfirmed'> as Core
  const wakeups: Wakeups = {
    wake: () => {},
    on: (_, listener) => {
      listeners.push(() => listener(undefined))
      return () => {}
    },
  }
  const jobs: JobQueue = { start: async () => {}, stop: async () => {} }
  const role = await startOutbound({ core, wakeups, jobs, log: new RecordingLog() })
  const endAll = () => underWay.splice(0).forEach((end) => void end())
  t.teardown(() => {
    const stopped = role.stop()
    endAll()
    return stopped
  })
  return {
    role,
    begun: () => count - waiting,
    wake: () => listeners.forEach((listener) => void listener()),
    endOne: () => underWay.shift()?.(),
    endAll,
  }
}

test('all slots busy and woken meanwhile, it goes on as soon as one is free', async (t) => {
  const line = await aLine(t, 100)
  await waitFor(() => line.begun() === 32)
  for (let wake = 0; wake < 3; wake++) {
    line.wake()
    await new Promise((resolve) => setImmediate(resolve))
  }
  line.endOne()
  await waitFor(() => line.begun() === 33, 2_000)
  line.endAll()
  await waitFor(() => line.begun() === 65, 2_000)
  const stopped = line.role.stop()
  line.endAll()
  await stopped
  t.is(line.begun(), 65)
})

test('stopping waits for what is under way, and begins nothing', async (t) => {
  const line = await aLine(t, 40)
  await waitFor(() => line.begun() === 32)
  let ended = false
  const stopped = line.role.stop().then(() => {
    ended = true
  })
  line.endOne()
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.false(ended)
  line.endAll()
  await stopped
  t.is(line.begun(), 32)
})
