import type { TestFn } from 'ava'

/**
 * True when every variable names a server. Else the suite says in its own name why it did not run: skipped, or failed where
 * REQUIRE_SERVICES=1.
 */
export function needs(
  test: TestFn,
  suite: string,
  variables: readonly string[],
  otherReason: string | null = null,
): boolean {
  const missing = variables.filter((name) => !process.env[name])
  if (missing.length === 0 && otherReason === null) return true
  const reason =
    missing.length > 0 ? `${missing.join(' and ')} is not set (name a server there to enable it)` : otherReason
  const title = `${suite}: not run, since ${reason}`
  if (process.env['REQUIRE_SERVICES'] === '1') test(title, (t) => t.fail(title))
  else test.skip(title, () => {})
  return false
}
