import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, relative } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { leakIn } from './planted.ts'
import { descendants, killAll } from './processes.ts'
import type { Counts, RunMessage } from './report-to-runner.ts'

export type SuiteRun = Readonly<{
  counts: Counts
  /** Each as `file: title`; the title holds the reason. */
  skipped: readonly string[]
  /** What is no failed test: a file that did not end, ava itself. */
  accidents: readonly string[]
}>

export type RunAvaOptions = Readonly<{
  /** The folder with ava.config.js. */
  root: string
  /** Relative to root. */
  files: readonly string[]
  /** Further arguments for ava. */
  args?: readonly string[]
  env: NodeJS.ProcessEnv
  print: (line: string) => void
  signal?: AbortSignal
}>

/**
 * Runs ava on the files: a line for each as it ends, then what failed in ava's own words. A file that did not report its end
 * has failed, whatever else is said. Aborting ends ava, its workers and what these started.
 */
export async function runAva({ root, files, args = [], env, print, signal }: RunAvaOptions): Promise<SuiteRun> {
  if (signal?.aborted) return { counts: { passed: 0, failed: 0, skipped: 0 }, skipped: [], accidents: [] }
  const child = spawn(process.execPath, [join(root, 'node_modules/.bin/ava'), ...args, ...files], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const abort = () => void endAll(child)
  signal?.addEventListener('abort', abort, { once: true })
  const byFile = new Map<string, Counts>()
  const skipped: string[] = []
  let orderly = false
  let stuck: NodeJS.Timeout | undefined
  child.on('message', (message) => {
    const event = message as RunMessage
    if (event.type === 'end') {
      orderly = true
      // What a suite left behind may hold its output open, and ava then waits for that.
      stuck = setTimeout(abort, STUCK_MS)
    } else if (event.type === 'skipped') skipped.push(`${relative(root, event.file)}: ${event.title}`)
    else if (event.type === 'failed') print(`  ✘ ${relative(root, event.file)}: ${event.title}`)
    else {
      const file = relative(root, event.file)
      byFile.set(file, event.counts)
      print(fileLine(file, event.counts, event.seconds, `${byFile.size}/${files.length}`))
    }
  })
  // One file is being worked on: each of its tests is of interest.
  let leak: string | null = null
  const search = (line: string) => (leak ??= leakIn(line))
  // What the suites print themselves comes out here.
  eachLine(child.stderr, (line) => {
    search(line)
    process.stderr.write(`${line}\n`)
  })
  const report = collectReport(child, (line) => {
    search(line)
    if (files.length === 1) print(line)
    return files.length === 1
  })
  const [code, killedBy] = await once(child, 'close')
  clearTimeout(stuck)
  signal?.removeEventListener('abort', abort)

  const unheard = files.filter((file) => !byFile.has(file))
  const accidents = unheard.map((file) => `${file} did not run to its end`)
  if (leak !== null) accidents.push(`the output of the suites gives away ${leak}`)
  const counts = [...byFile.values()].reduce(add, { passed: 0, failed: unheard.length, skipped: 0 })
  if (counts.failed === 0 && (code !== 0 || !orderly))
    accidents.push(`ava ended with ${killedBy ?? `exit code ${code}`}`)
  const total = add(counts, { passed: 0, failed: accidents.length - unheard.length, skipped: 0 })
  if (total.failed > 0) for (const line of report()) print(line)
  return { counts: total, skipped, accidents }
}

const STUCK_MS = 10_000

const add = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

function fileLine(file: string, { passed, failed, skipped }: Counts, seconds: number, done: string): string {
  const parts = [`${passed} passed`, failed > 0 && `${failed} FAILED`, skipped > 0 && `${skipped} skipped`]
  return `${failed > 0 ? '✘' : '✔'} ${file.padEnd(60)} ${done.padStart(7)} ${seconds.toFixed(1).padStart(6)} s  ${parts.filter(Boolean).join(', ')}`
}

/** Lines of ava's report that say nothing about a failure. */
const everyday = /^ {2}([✔√] |- \[skip\] |ℹ |⚠ Experiments are enabled)/

/** What ava wrote, without the everyday. `told` hears each line first, and says whether that was enough. */
function collectReport(child: ChildProcess, told: (line: string) => boolean): () => readonly string[] {
  const lines: string[] = []
  eachLine(child.stdout, (line) => {
    if (line.includes('Experiments are enabled') || told(line)) return
    if (!everyday.test(stripVTControlCharacters(line))) lines.push(line)
  })
  return () => lines
}

function eachLine(stream: Readable | null, on: (line: string) => void): void {
  let rest = ''
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = `${rest}${chunk}`.split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) on(line)
  })
  stream?.on('end', () => {
    if (rest !== '') on(rest)
  })
}

async function endAll(child: ChildProcess): Promise<void> {
  const family = child.pid === undefined ? [] : [...descendants(child.pid), child.pid]
  killAll(family, 'SIGTERM')
  await Promise.race([once(child, 'close'), sleep(3_000, undefined, { ref: false })])
  killAll(family)
}
