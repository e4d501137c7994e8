/** Named steps that go on after one has failed, and the last line that `.ci/run` adds up. */
export function createChecks() {
  const failures: string[] = []
  let passed = 0
  return {
    /** Null where it failed. */
    async check<T>(what: string, work: () => Promise<T>): Promise<T | null> {
      try {
        const result = await work()
        passed++
        console.log(`ok  ${what}`)
        return result
      } catch (error) {
        failures.push(`${what}: ${error instanceof Error ? error.message : error}`)
        return null
      }
    },
    /** What another program counted. */
    add(counted: Readonly<{ passed: number; failures: readonly string[] }>): void {
      passed += counted.passed
      failures.push(...counted.failures)
    },
    /** Sets the exit code. `outputOf` is what helps to understand a failure. */
    report(outputOf: () => string): void {
      if (failures.length > 0) {
        console.log(`\n${outputOf()}\n`)
        for (const failure of failures) console.log(`FAILED  ${failure}`)
      }
      console.log(`${passed} passed, ${failures.length} failed, 0 skipped`)
      process.exitCode = failures.length > 0 ? 1 : 0
    },
  }
}
