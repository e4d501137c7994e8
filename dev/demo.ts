import { parseArgs } from 'node:util'
import { createApi } from './demo/api.ts'
import { DemoFailure, Interrupted } from './demo/demo-failure.ts'
import { createFeed } from './demo/feed.ts'
import { openDemoFolder, USUAL_FOLDER } from './demo/folder.ts'
import { choosePort } from './demo/port.ts'
import { showAnswer, showInbox, showStory, showWayOn } from './demo/report.ts'
import * as trip from './demo/round-trip.ts'
import { startService } from './demo/service.ts'
import { createShutdown, type Shutdown } from './demo/shutdown.ts'
import { SHOP } from './demo/story.ts'
import { createTerminal, type Terminal } from './demo/terminal.ts'
import { CONTROL_PATH } from './instagram-simulator/control.ts'
import { createInstagramSimulator } from './instagram-simulator/index.ts'

const USAGE = `Usage: npm run demo -- [--once] [--data FOLDER]

Starts the service with its own database and a simulated Instagram, lets five customers write, answers one of them.
  --once          end after that: 0 when all of it happened
  --data FOLDER   where the demo keeps its data, emptied first (default data/demo)`

type Options = Readonly<{ once: boolean; folder: string }>

/** 0: all of it happened; 1: something did not; 128 and more: interrupted before it was up. */
export async function main(args: readonly string[]): Promise<number> {
  const terminal = createTerminal()
  const options = readOptions(args, terminal)
  if (typeof options === 'number') return options
  const shutdown = createShutdown()
  let isUp = false
  let code = 0
  try {
    await play(options, terminal, shutdown, () => {
      isUp = true
    })
  } catch (error) {
    code = codeOf(error, isUp)
    if (!(error instanceof Interrupted)) terminal.print(`  ${terminal.paint('red', '✗')} ${sentenceOf(error)}`)
    if (error instanceof Interrupted) terminal.print('\n  Closing …')
  }
  return shutdown.close(code)
}

function readOptions(args: readonly string[], terminal: Terminal): Options | number {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { once: { type: 'boolean' }, data: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
    if (!values.help) {
      return { once: values.once === true, folder: values.data ?? USUAL_FOLDER }
    }
    terminal.print(USAGE)
    return 0
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    return 2
  }
}

async function play({ once, folder }: Options, terminal: Terminal, shutdown: Shutdown, up: () => void): Promise<void> {
  terminal.print(`\n  ${terminal.paint('bold', 'DelightChat demo')}\n`)
  const place = await shutdown.owns(openDemoFolder(folder), (opened, failed) => opened.close(failed))
  const simulator = await terminal.step('Instagram', async () => {
    const value = await shutdown.owns(createInstagramSimulator(), (opened) => opened.close())
    return { value, said: `simulated at ${value.url}` }
  })
  const { port, note } = await choosePort(process.env['PORT'])
  if (note !== null) terminal.print(`  ${terminal.paint('yellow', '!')} ${note}`)
  const service = await terminal.step('service', async (tell) => {
    const starting = startService({ ...place, port, simulatorUrl: simulator.url }, tell)
    const value = await shutdown.owns(starting, (opened) => opened.close())
    return { value, said: `${value.url}, all roles in this process, embedded PostgreSQL` }
  })
  const setting = { simulator, url: service.url, api: createApi(service.url) }
  const { login, arrived } = await shutdown.orInterrupted(tell(setting, terminal))
  up()
  if (once) return terminal.print(`\n  ${terminal.paint('green', '✓')} The round trip is complete.\n`)

  await place.announce(`${simulator.url}${CONTROL_PATH}`)
  showWayOn(terminal, { url: service.url, login, arrived, folder })
  const feed = createFeed(terminal)
  simulator.onBubble(feed.bubble)
  simulator.onGesture(feed.gesture)
  await shutdown.interrupted
}

/** The story, each thing with its account of what happened. */
async function tell(setting: trip.Setting, terminal: Terminal) {
  const login = await terminal.step('organization', async () => {
    const value = await trip.signUp(setting)
    return { value, said: `${SHOP.name}, signed up as ${value.email}` }
  })
  await terminal.step('channel', async () => {
    const value = await trip.connectChannel(setting)
    return { value, said: `@${SHOP.username}, webhook verified at ${value.account.webhookUrl}` }
  })
  const sent = await terminal.step('customers', async () => {
    const value = await trip.playStory(setting)
    return { value, said: `${value.length} wrote, by signed webhooks` }
  })
  const arrived = await terminal.step('tickets', async () => {
    const value = await trip.awaitTickets(setting, sent)
    return { value, said: `${value.length} opened` }
  })
  const notifications = await trip.awaitNotifications(setting)
  showStory(terminal, sent)
  showInbox(terminal, arrived, notifications)
  const [first] = arrived
  if (!first) throw new DemoFailure('Nobody wrote.')
  showAnswer(terminal, first, await trip.answer(setting, first))
  return { login, arrived }
}

const SIGNAL_NUMBERS: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

const codeOf = (error: unknown, isUp: boolean): number => {
  if (!(error instanceof Interrupted)) return 1
  return isUp ? 0 : 128 + (SIGNAL_NUMBERS[error.signal] ?? 0)
}

/** What we do not foresee is a bug, and its trace helps; the rest is a sentence. */
const sentenceOf = (error: unknown): string =>
  error instanceof DemoFailure
    ? error.message
    : error instanceof Error
      ? `The service did not start: ${error.message}`
      : String(error)
