import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'

const ROOT = join(import.meta.dirname, '../..')
type Locked = Readonly<{
  name?: string
  version: string
  resolved?: string
  integrity?: string
  dev?: boolean
  deprecated?: string
}>
type Package = Locked & Readonly<{ name: string; at: string }>

/** What a lockfile holds besides the project itself. */
const packagesOf = (lockfile: string): readonly Package[] =>
  Object.entries((JSON.parse(lockfile) as { packages: Record<string, Locked> }).packages)
    .filter(([at]) => at !== '')
    .map(([at, locked]) => ({ ...locked, at, name: locked.name ?? at.slice(at.lastIndexOf('node_modules/') + 13) }))

/** Below these versions a package has a hole that is known and lies where requests or rows go through. */
const FLOORS: readonly (readonly [name: string, floor: string, hole: string])[] = [
  ['@mikro-orm/core', '7.0.14', 'an object as a value, or a key of JSON, became SQL; merging reached a prototype'],
  ['@mikro-orm/sql', '7.0.14', 'names and keys of JSON became SQL'],
  ['@mikro-orm/postgresql', '7.0.14', 'goes with its core'],
  ['@mikro-orm/migrations', '7.0.14', 'goes with its core'],
  ['proxy-addr', '2.0.8', 'a trusted network written as IPv4 within IPv6 let anybody choose their address'],
  ['body-parser', '2.3.0', 'a limit that is none switched the limit off'],
  ['qs', '6.16.0', 'limits of lists could be passed by, and a query could hold a process up'],
  ['passport', '0.6.0', 'a session kept its id at login'],
]

/** Packages that must not come in below these, should they ever. */
const FLOORS_OF_ABSENT: readonly (readonly [name: string, floor: string, hole: string])[] = [
  ['express-rate-limit', '8.2.2', 'IPv4 within IPv6 counted as one address'],
  ['amqplib', '1.0.5', 'confirmations went lost when a channel closed'],
]

const numbersOf = (version: string) => version.split('-')[0]!.split('.').map(Number)

/** A version before a release, as `7.0.14-rc.1`, is below it. */
function isBelow(version: string, floor: string): boolean {
  const [own, least] = [numbersOf(version), numbersOf(floor)]
  const at = [0, 1, 2].find((index) => own[index] !== least[index])
  return at === undefined ? version.includes('-') : own[at]! < least[at]!
}

function belowFloors(packages: readonly Package[]): readonly string[] {
  return [...FLOORS, ...FLOORS_OF_ABSENT].flatMap(([name, floor, hole]) =>
    packages
      .filter((one) => one.name === name && isBelow(one.version, floor))
      .map(({ at, version }) => `${at} ${version} is below ${floor}: ${hole}`),
  )
}

const own = packagesOf(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
/** What could be something else tomorrow, or is kept up by nobody. */
const unsure = (packages: readonly Package[]): readonly string[] =>
  packages.flatMap(({ at, integrity, resolved, deprecated }) => [
    ...(integrity?.startsWith('sha512-') ? [] : [`${at} has no hash`]),
    // Where nothing is said it is the registry's, whichever one has, and the hash says what.
    ...(resolved === undefined ? [] : [`${at} comes from ${resolved}`]),
    ...(deprecated === undefined ? [] : [`${at} is given up: ${deprecated}`]),
  ])

test('S140: no package is below the version that mended a known hole, and what has a floor is there once', (t) => {
  t.deepEqual(belowFloors(own), [])
  for (const [name] of FLOORS) t.is(own.filter((one) => one.name === name).length, 1, name)
  for (const [name] of FLOORS_OF_ABSENT) t.is(own.filter((one) => one.name === name).length, 0, name)
})

test('S140: every package is locked by its hash, comes from the registry, and is given up by nobody', (t) => {
  t.true(own.length > 300)
  t.deepEqual(unsure(own), [])
  const ofTools = packagesOf(readFileSync(join(ROOT, 'tools/contract/package-lock.json'), 'utf8'))
  t.deepEqual(
    unsure(ofTools).filter((line) => !/given up/.test(line)),
    [],
  )
})

test('S140: what the program needs is named in one version each', (t) => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  )
  const named = Object.entries<string>({ ...dependencies, ...optionalDependencies, ...devDependencies })
  t.deepEqual(
    named.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)),
    [],
  )
  for (const [name, version] of named) t.is(own.find(({ at }) => at === `node_modules/${name}`)?.version, version, name)
})

test('S140: a version below a floor, one without a hash and one from elsewhere are found', (t) => {
  const lock = (locked: Partial<Locked>) =>
    packagesOf(JSON.stringify({ packages: { '': {}, 'node_modules/x/node_modules/qs': locked } }))
  const right = { version: '6.16.0', integrity: 'sha512-a' }
  t.deepEqual([...belowFloors(lock(right)), ...unsure(lock(right))], [])
  for (const version of ['6.15.9', '6.9.99', '5.99.0', '6.16.0-rc.1'])
    t.is(belowFloors(lock({ ...right, version })).length, 1, version)
  for (const wrong of [{ integrity: 'sha1-a' }, { resolved: 'git+ssh://git@example.com/x' }, { deprecated: 'gone' }])
    t.is(unsure(lock({ ...right, ...wrong })).length, 1)
})
