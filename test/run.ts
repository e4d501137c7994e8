import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { variables } from '../src/config/variables.ts'
import { memoryFolder } from './support/memory-folder.ts'
import { assertNoneLeft, bearersOf, killAll, marked } from './support/processes.ts'
import { runAva } from './support/run-ava.ts'
import { type Provided, provide, services } from './support/services.ts'
import { testFiles, wordsIn } from './support/test-files.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

/** Half of what a suite of few tests takes is compiling, the same for each of them and for the programs that they start. */
const COMPILED = join(ROOT, 'node_modules', '.cache', 'compiled')

/** In the suites that share an embedded server, whose folder is theirs. */
const EMBEDDED = 'embeddedTestServer'

/** `npm test [-- files, folders, globs or arguments of ava]`; the last line is `N passed, N failed, N skipped`. */
export async function main(given: readonly string[], root = ROOT): Promise<number> {
  const print = (line: string) => console.log(line)
  const files = testFiles(
    root,
    given.filter((argument) => !argument.startsWith('-')),
  )
  if (files.length === 0) {
    print(`There is no test file like ${given.join(' ')}.`)
    return finish({ passed: 0, failed: 1, skipped: 0 }, print)
  }

  // For the servers of this process and for the suites; who names a folder means it.
  const place = process.env['TMPDIR'] || memoryFolder()
  if (place) process.env['TMPDIR'] = place

  const mark = randomUUID()
  const interrupted = new AbortController()
  const onSignal = (signal: NodeJS.Signals) => {
    // Whoever asks twice does not want to wait.
    if (interrupted.signal.aborted) {
      killAll(bearersOf(mark))
      process.exit(1)
    }
    print(`\n${signal}: ending what runs.`)
    interrupted.abort(signal)
  }
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, onSignal)

  const needed = wordsIn(root, files, [...services.map(({ variable }) => variable), EMBEDDED])
  const starting = services.filter(({ variable }) => needed.has(variable)).map((each) => provide(each, process.env))
  try {
    print(`${files.length} test file${files.length === 1 ? '' : 's'} on Node ${process.versions.node}`)
    const provided = await Promise.all(starting)
    for (const { service, account } of provided) print(`  ${service.name.padEnd(12)}${account}`)
    const broken = provided.filter((each) => each.broken || (each.url === null && required()))
    print('')

    const args = given.filter((argument) => argument.startsWith('-'))
    if (process.stdout.isTTY) args.push('--color')
    const env = { ...environmentOfSuites(process.env, provided), ...marked(mark) }
    const suites = await runAva({ root, files, args, env, print, signal: interrupted.signal })
    const left = interrupted.signal.aborted
      ? null
      : await assertNoneLeft({ mark }).catch((error: Error) => error.message)

    section('Skipped', suites.skipped, print)
    const accounts = (some: readonly Provided[]) => some.map(({ service, account }) => `${service.name}: ${account}`)
    const missing = provided.filter((each) => each.url === null && !broken.includes(each))
    section('Servers that the suites had to do without', accounts(missing), print)
    const failures = [...suites.accidents, ...(left ? [left] : []), ...accounts(broken)]
    section('Failed besides single tests', failures, print)
    if (interrupted.signal.aborted) print('\nInterrupted.')

    const { passed, failed, skipped } = suites.counts
    const more = broken.length + (left ? 1 : 0) + (interrupted.signal.aborted ? 1 : 0)
    return finish({ passed, failed: failed + more, skipped }, print)
  } finally {
    killAll(bearersOf(mark))
    for (const one of await Promise.all(starting)) await one.dispose()
    if (needed.has(EMBEDDED)) await (await import('./support/embedded-server.ts')).removeLeftovers()
    for (const signal of signals) process.off(signal, onSignal)
  }
}

const required = () => process.env['REQUIRE_SERVICES'] === '1'

/** Nothing of the program's own: what a developer has set for `npm start` is not what is tested. */
function environmentOfSuites(environment: NodeJS.ProcessEnv, provided: readonly Provided[]): NodeJS.ProcessEnv {
  // `npm test --silent` tells every npm below to be silent too.
  const own = new Set<string>([...variables.map(({ name }) => name), 'npm_config_loglevel'])
  const rest = Object.entries(environment).filter(
    ([name]) => !own.has(name) && !services.some(({ variable }) => variable === name),
  )
  const named = provided.flatMap(({ service, url }) => (url === null ? [] : [[service.variable, url]]))
  return Object.fromEntries([...rest, ...named, ['NODE_COMPILE_CACHE', COMPILED]])
}

function section(heading: string, lines: readonly string[], print: (line: string) => void): void {
  if (lines.length === 0) return
  print(`\n${heading}:`)
  for (const line of lines) print(`  ${line.replaceAll('\n', '\n  ')}`)
}

/** A run in which nothing was tested has found nothing out. */
function finish(
  { passed, failed, skipped }: Readonly<{ passed: number; failed: number; skipped: number }>,
  print: (line: string) => void,
): number {
  const nothing = passed === 0 && failed === 0
  if (nothing) print('\nNo test was run.')
  print(`\n${passed} passed, ${failed + (nothing ? 1 : 0)} failed, ${skipped} skipped`)
  return failed > 0 || nothing ? 1 : 0
}
