import { main as runTests } from './run.ts'

const BODIES = 100_000

/**
 * `npm run fuzz [-- bodies]`: the long run of the test that posts mutated webhook bodies to the whole program, for every night;
 * `npm run fuzz -- --rest [calls]` that of the test which calls every operation of the contract. FUZZ_SEED repeats one. Without servers
 * for the services profile, which takes most of them, it fails rather than do a tenth.
 */
export function main(given: readonly string[]): Promise<number> {
  const isRest = given[0] === '--rest'
  const count = given[isRest ? 1 : 0] ?? String(BODIES)
  if (!/^[1-9]\d*$/.test(count)) {
    console.error(`Usage: npm run fuzz [-- [--rest] number], which is ${BODIES} unless told otherwise`)
    return Promise.resolve(64)
  }
  process.env[isRest ? 'FUZZED_CALLS' : 'FUZZED_BODIES'] = count
  process.env['REQUIRE_SERVICES'] = '1'
  return runTests([isRest ? 'test/walls/fuzzed-operations.test.ts' : 'test/faults/fuzzed.test.ts'])
}
