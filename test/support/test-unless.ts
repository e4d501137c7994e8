import test, { type ImplementationFn } from 'ava'

/** A test that cannot run for the reason says so: it is skipped, or has failed with REQUIRE_SERVICES=1. One after the other. */
export function testUnless(reason: string | null, title: string, run: ImplementationFn<[]>): void {
  if (reason === null) test.serial(title, run)
  else if (process.env['REQUIRE_SERVICES'] === '1') test(`${title}: not run, since ${reason}`, (t) => t.fail(reason))
  else test.skip(`${title}: not run, since ${reason}`, () => {})
}

/** Who runs the suites, and from where, is no service to be started: such a test is skipped with the reason in any case. */
export const skipped =
  (reason: string) =>
  (title: string, _run: ImplementationFn<[]>): void =>
    test.skip(`${title}: not run, since ${reason}`, () => {})
