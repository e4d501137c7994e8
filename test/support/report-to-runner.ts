/** What the process that runs ava tells the one that started it. */
export type RunMessage =
  | Readonly<{ type: 'skipped'; file: string; title: string }>
  | Readonly<{ type: 'failed'; file: string; title: string }>
  | Readonly<{ type: 'file'; file: string; counts: Counts; seconds: number }>
  | Readonly<{ type: 'end' }>

export type Counts = Readonly<{ passed: number; failed: number; skipped: number }>

/** As far as they are used. */
type FileStats = Readonly<
  Record<
    | 'passedTests'
    | 'passedKnownFailingTests'
    | 'failedTests'
    | 'failedHooks'
    | 'remainingTests'
    | 'skippedTests'
    | 'todoTests'
    | 'declaredTests',
    number
  >
>
type AvaEvent = Readonly<{
  type: string
  testFile?: string
  title?: string
  skip?: boolean
  stats?: { byFile: ReadonlyMap<string, FileStats> }
  pendingTests?: ReadonlyMap<string, unknown>
}>

/** After one of these a file has failed even when each of its tests passed. */
const accidents = new Set([
  'internal-error',
  'missing-ava-import',
  'process-exit',
  'uncaught-exception',
  'unhandled-rejection',
  'worker-failed',
])

/** ava calls it with the events of a run; told to go on by nobody, it does nothing. */
export async function reportToRunner({ events }: Readonly<{ events: AsyncIterable<AvaEvent> }>): Promise<void> {
  if (process.send === undefined) return
  // The runner is gone: there is nobody to test for.
  process.once('disconnect', () => process.exit(1))
  process.channel?.unref()
  const tell = (message: RunMessage) => void process.send?.(message)
  const broken = new Set<string>()
  const startedAt = new Map<string, number>()
  let files: ReadonlyMap<string, FileStats> = new Map()
  for await (const event of events) {
    const { type, testFile: file, title = '' } = event
    if (event.stats) files = event.stats.byFile
    // A file that hangs holds the others up: they are all ended.
    if (type === 'timeout') for (const hanging of event.pendingTests?.keys() ?? []) broken.add(hanging)
    if (type === 'end') tell({ type: 'end' })
    if (file === undefined) continue
    if (!startedAt.has(file)) startedAt.set(file, performance.now())
    if (accidents.has(type)) broken.add(file)
    if (type === 'selected-test' && event.skip) tell({ type: 'skipped', file, title })
    if (type === 'test-failed' || type === 'hook-failed') tell({ type: 'failed', file, title })
    if (type === 'worker-finished' || type === 'worker-failed') {
      const seconds = (performance.now() - (startedAt.get(file) ?? 0)) / 1_000
      tell({ type: 'file', file, counts: countsOf(files.get(file), broken.has(file)), seconds })
    }
  }
}

/** A test without an end and one that is only planned have failed; so has a file without tests. */
function countsOf(stats: FileStats | undefined, broken: boolean): Counts {
  if (stats === undefined) return { passed: 0, failed: 1, skipped: 0 }
  const failed = stats.failedTests + stats.failedHooks + stats.remainingTests + stats.todoTests
  const accident = failed === 0 && (broken || stats.declaredTests === 0)
  return {
    passed: stats.passedTests + stats.passedKnownFailingTests,
    failed: accident ? 1 : failed,
    skipped: stats.skippedTests,
  }
}
