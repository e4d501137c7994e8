import { globSync } from 'node:fs'
import { join } from 'node:path'
import { openDemoFolder } from '../demo/folder.ts'
import { choosePort } from '../demo/port.ts'
import { startService } from '../demo/service.ts'
import { createShutdown } from '../demo/shutdown.ts'
import { createTerminal } from '../demo/terminal.ts'
import { createInstagramSimulator } from '../instagram-simulator/index.ts'
import { loadScenario, SCENARIOS } from './load-scenario.ts'
import { playScenario } from './play-scenario.ts'

const FOLDER = join(import.meta.dirname, '..', '..', 'data', 'scenario')
const USAGE = `Usage: npm run scenario -- [FILE…]

Plays scenarios (default: all of dev/scenarios) against a service of its own with a simulated Instagram, and says of each step
what came of it. docs/scenarios.md says what is in a file.
  --data FOLDER   where it keeps its data, emptied first (default data/scenario)
  --help`

/** 0: all of it happened; 1: something did not, or a file is no scenario; 2: typed wrong. */
export async function main(args: readonly string[]): Promise<number> {
  const terminal = createTerminal()
  const { folder, files, help, wrong } = readOptions(args)
  if (help || wrong !== null) {
    if (wrong !== null) console.error(wrong)
    terminal.print(USAGE)
    return wrong === null ? 0 : 2
  }
  const shutdown = createShutdown()
  let code = 0
  try {
    const scenarios = files.map((file) => loadScenario(file))
    const place = await shutdown.owns(openDemoFolder(folder), (opened, failed) => opened.close(failed))
    const simulator = await shutdown.owns(createInstagramSimulator(), (opened) => opened.close())
    const { port } = await choosePort(process.env['PORT'] ?? '0')
    const starting = startService({ ...place, port, simulatorUrl: simulator.url }, () => {})
    const service = await shutdown.owns(starting, (opened) => opened.close())
    for (const loaded of scenarios) {
      const { name, steps } = loaded.scenario
      terminal.print(`\n  ${terminal.paint('bold', name)}  ${terminal.paint('dim', loaded.file)}`)
      const begun = performance.now()
      let step = 0
      const tell = (line: string) => {
        const at = String(loaded.lines[step++] ?? '').padStart(4)
        terminal.print(`  ${terminal.paint('green', '✓')} ${terminal.paint('dim', at)}  ${line}`)
      }
      await shutdown.orInterrupted(playScenario(loaded, { url: service.url, simulator }, tell))
      terminal.print(`    ${steps.length} steps in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
    }
    terminal.print()
  } catch (error) {
    terminal.print(`  ${terminal.paint('red', '✗')} ${(error as Error).message}`)
    code = 1
  }
  return shutdown.close(code)
}

type Options = Readonly<{ folder: string; files: readonly string[]; help: boolean; wrong: string | null }>

function readOptions(args: readonly string[]): Options {
  const at = args.indexOf('--data')
  const folder = at === -1 ? FOLDER : args[at + 1]
  const files = args.filter((arg, index) => !arg.startsWith('-') && (at === -1 || index !== at + 1))
  const unknown = args.find((arg) => arg.startsWith('-') && !['--data', '--help', '-h'].includes(arg))
  return {
    folder: folder ?? FOLDER,
    files: files.length > 0 ? files : globSync(join(SCENARIOS, '*.yaml')).sort(),
    help: args.includes('--help') || args.includes('-h'),
    wrong: folder === undefined ? '--data needs a folder' : unknown === undefined ? null : `Unknown option ${unknown}`,
  }
}
