import test from 'ava'
import { Registry } from 'prom-client'
import { createEventLoopWatch } from '../../src/adapters/event-loop-watch.ts'
import { RecordingLog } from '../fakes/recording-log.ts'
import { waitFor } from '../support/processes.ts'

function watched(limitMs: number) {
  const delays = { max: 0, reset: () => (delays.max = 0), enable() {}, disable() {} }
  const time = { ms: 0 }
  const metrics = new Registry()
  const log = new RecordingLog()
  const watch = createEventLoopWatch({ metrics, log, limitMs, delays, monotonicMs: () => time.ms })
  /** A second passes, in which it stood still for so long. */
  const second = (blockedMs: number) => {
    delays.max = blockedMs * 1e6
    time.ms += 1_000
    watch.look()
  }
  const figures = async () => {
    const text = await metrics.metrics()
    const of = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
    return [of('event_loop_blocked_total'), of('event_loop_longest_block_seconds')]
  }
  return { second, figures, warnings: () => log.lines.map(({ fields }) => fields['blockedMs']) }
}

test('X4: each standstill is counted and the longest kept, and there is at most one warning a minute', async (t) => {
  const { second, figures, warnings } = watched(1_000)
  second(20)
  second(1_000)
  t.deepEqual(warnings(), [])
  second(2_500)
  second(1_800)
  t.deepEqual(warnings(), [2_500])
  t.deepEqual(await figures(), [2, 2.5])
  for (let n = 0; n < 60; n++) second(10)
  second(1_200)
  t.deepEqual(warnings(), [2_500, 1_200])
  t.deepEqual(await figures(), [3, 2.5])
})

test('X4: a loop that really stands still is noticed', async (t) => {
  const metrics = new Registry()
  const log = new RecordingLog()
  const watch = createEventLoopWatch({ metrics, log, limitMs: 300 })
  watch.start()
  t.teardown(watch.stop)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const until = performance.now() + 600
  while (performance.now() < until) {
    // As a bug would.
  }
  await waitFor(() => log.of('warn').length > 0)
  t.is(log.of('warn').length, 1)
  t.true(Number(log.lines[0]?.fields['blockedMs']) >= 500)
  t.regex(await metrics.metrics(), /^event_loop_blocked_total [1-9]/m)
})
