import { relative } from 'node:path'
import { reportToRunner } from './test/support/report-to-runner.ts'

/** Each takes a minute or more: begun last, one of them would be all that still runs. */
const LONG = [
  'test/faults/any-order.test.ts',
  'test/faults/tier.test.ts',
  'test/walls/fuzzed-operations.test.ts',
  'test/faults/doubt-any.test.ts',
  'test/faults/killed.test.ts',
  'test/faults/rows/killed-everywhere.test.ts',
  'test/faults/stopped.test.ts',
  'test/faults/agent-between.test.ts',
  'test/bench.test.ts',
  'test/faults/sending.test.ts',
  'test/adapters/messaging/broker-outage.test.ts',
  'test/adapters/persistence/embedded/sharing.test.ts',
  'test/walls/tenancy-http.test.ts',
  'test/faults/planted/planted.test.ts',
  'test/faults/lanes.test.ts',
  'test/runner.test.ts',
]

const placeOf = (file) => {
  const place = LONG.indexOf(relative(import.meta.dirname, file))
  return place === -1 ? LONG.length : place
}

export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts'],
  // More than the two cores that it is made for: most of what the long ones do is waiting.
  concurrency: 4,
  sortTestFiles: (a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1),
  timeout: '120s',
  // A process for each file: suites change working folders, send signals and count their children.
  workerThreads: false,
  // How test/run.ts learns what happened; without it (npx ava) nothing is reported and ava's own output is all there is.
  nonSemVerExperiments: { observeRunsFromConfig: true },
  observeRun: reportToRunner,
}
