import { reportToRunner } from './test/support/report-to-runner.ts'

export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts'],
  concurrency: 2,
  timeout: '120s',
  // A process for each file: suites change working folders, send signals and count their children.
  workerThreads: false,
  // How test/run.ts learns what happened; without it (npx ava) nothing is reported and ava's own output is all there is.
  nonSemVerExperiments: { observeRunsFromConfig: true },
  observeRun: reportToRunner,
}
