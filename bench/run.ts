import { writeFile } from 'node:fs/promises'
import { type Report, runBench } from './bench.ts'
import { interrupt } from './child.ts'
import { isReached, ratioOf, spreadOf } from './figures.ts'
import { type CommandLine, readOptions, usage, WrongOption } from './options.ts'
import { tableOf } from './table.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const INTERRUPTED = 130
const WRONG_USAGE = 64

/** 0 when everything was measured, whatever came out: a benchmark is no test. */
export async function main(args: readonly string[]): Promise<number> {
  let isInterrupted = false
  const onSignal = () => {
    isInterrupted = true
    interrupt()
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  try {
    const options = readOptions(args)
    if (options === 'help') console.log(usage)
    else await measureAndTell(options)
    return 0
  } catch (error) {
    if (isInterrupted) return INTERRUPTED
    if (!(error instanceof WrongOption)) throw error
    console.error(`${error.message}\n\n${usage}`)
    return WRONG_USAGE
  }
}

async function measureAndTell(options: CommandLine): Promise<void> {
  // Progress goes to stderr: the table alone is the output.
  const report = await runBench(options, process.env, (line) => console.error(line))
  console.log(`${report.date}; ${report.setting}; ${options.rounds} rounds each\n\n${tableOf(report.rows)}`)
  if (options.json !== null) await writeFile(options.json, `${JSON.stringify(inFull(report, options), null, 2)}\n`)
}

/** With what follows from the figures. */
const inFull = (report: Report, { rounds, seconds, events, backlog }: CommandLine) => ({
  ...report,
  options: { rounds, seconds, events, backlog },
  rows: report.rows.map(({ name, measures }) => ({
    name,
    measures: measures.map((measure) => ({
      ...measure,
      oursSpread: spreadOf(measure.ours),
      floorSpread: measure.floor && spreadOf(measure.floor),
      ratio: ratioOf(measure),
      reached: isReached(measure),
    })),
  })),
})
