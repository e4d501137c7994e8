import { main as runTests } from './run.ts'

const BODIES = 100_000

/**
 * `npm run fuzz [-- bodies]`: the long run of the test that posts mutated webhook bodies to the whole program, for every night.
 * FUZZ_SEED repeats one. Without servers for the services profile, which takes most of them, it fails rather than do a tenth.
 */
export function main([bodies = String(BODIES)]: readonly string[]): Promise<number> {
  if (!/^[1-9]\d*$/.test(bodies)) {
    console.error(`Usage: npm run fuzz [-- bodies], of which there are ${BODIES} unless told otherwise`)
    return Promise.resolve(64)
  }
  process.env['FUZZED_BODIES'] = bodies
  process.env['REQUIRE_SERVICES'] = '1'
  return runTests(['test/faults/fuzzed.test.ts'])
}
