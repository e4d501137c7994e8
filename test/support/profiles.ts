import test from 'ava'

export type Profile = 'embedded' | 'services'

const SERVICES = process.env['TEST_DATABASE_URL'] ?? ''
const REQUIRED = process.env['REQUIRE_SERVICES'] === '1'

/** Which profiles this run can test, and why not the others. */
export const profiles = (): readonly Readonly<{ name: Profile; unavailable: string | null }>[] => [
  { name: 'embedded', unavailable: null },
  {
    name: 'services',
    unavailable: SERVICES === '' ? 'TEST_DATABASE_URL does not name a PostgreSQL server' : null,
  },
]

/**
 * Registers a suite for every profile. One that cannot run is a skipped test that says why, and a failed one with
 * REQUIRE_SERVICES=1.
 */
export function onEachProfile(suite: (profile: Profile) => void): void {
  for (const { name, unavailable } of profiles()) {
    if (unavailable === null) suite(name)
    else if (REQUIRED) test(`${name}: the suite can run`, (t) => t.fail(unavailable))
    else test.skip(`${name}: not run, since ${unavailable}`, () => {})
  }
}

/** The server of the services profile, for its superuser or a login that may make databases and roles. */
export function servicesUrl(): string {
  if (SERVICES === '') throw new Error('TEST_DATABASE_URL does not name a PostgreSQL server')
  return SERVICES
}
