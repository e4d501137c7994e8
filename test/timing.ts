import { main as runTests } from './run.ts'

const SAMPLES = 3_000

/**
 * `npm run timing [-- samples]`: whether what is refused can be told by how long it takes, for every night, on a machine that does
 * nothing else. It ends with 1 where the medians of two ways into one refusal are further apart than their bound.
 */
export function main(given: readonly string[]): Promise<number> {
  const samples = given[0] ?? String(SAMPLES)
  if (given.length > 1 || !/^[1-9]\d*$/.test(samples)) {
    console.error(`Usage: npm run timing [-- samples], which is ${SAMPLES} unless told otherwise`)
    return Promise.resolve(64)
  }
  process.env['TIMED_SAMPLES'] = samples
  return runTests(['test/walls/timing.test.ts'])
}
