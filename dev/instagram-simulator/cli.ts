import { join } from 'node:path'
import { readArguments, USAGE, UsageError } from './cli-arguments.ts'
import { runCommand } from './cli-commands.ts'
import { findTarget, type Outcome } from './cli-target.ts'
import { DEFAULT_PERSON } from './perform.ts'

const DEMO_FOLDER = join(import.meta.dirname, '..', '..', 'data', 'demo')

type Terminal = Readonly<{
  environment: Readonly<Record<string, string | undefined>>
  print(line: string): void
  complain(line: string): void
}>

const REAL: Terminal = { environment: process.env, print: console.log, complain: console.error }

/** 0: sent and taken; 1: not taken, or nobody there; 2: typed wrong. */
export async function main(args: readonly string[], terminal: Terminal = REAL): Promise<number> {
  try {
    return await run(args, terminal)
  } catch (error) {
    const usage = error instanceof UsageError
    terminal.complain(`${(error as Error).message}${usage ? ' (npm run simulate -- --help shows what there is)' : ''}`)
    return usage ? 2 : 1
  }
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const given = readArguments(args)
  if (given === null) {
    terminal.print(USAGE)
    return 0
  }
  const target = await findTarget(given, terminal.environment, given.demo ?? DEMO_FOLDER)
  if (given.command === null) {
    const who = given.request.from ?? DEFAULT_PERSON
    return report(given.request.action, who, await target.perform(given.request), terminal)
  }
  if (target.control === null) {
    throw new UsageError(`${given.command} works with the demo only: a real channel has real phones`)
  }
  await runCommand(given, target.control, terminal.print)
  return 0
}

function report(action: string, who: string, { mid, url, status, answer, error }: Outcome, to: Terminal): number {
  if (status === 200) {
    to.print(`${action} from ${who}: 200 ${answer.slice(0, 100)}`)
    if (mid !== null) to.print(`mid ${mid}`)
    return 0
  }
  to.complain(`${action} from ${who} was not taken by ${url}: ${status === null ? error : reason(status, answer)}`)
  return 1
}

const REASONS: Record<number, string> = {
  401: 'the signature is wrong; is --secret the appSecret of this channel?',
  404: 'there is no such channel',
  503: 'the service cannot keep it now, or the channel has no appSecret',
}

const reason = (status: number, answer: string): string =>
  `${status}, ${REASONS[status] ?? answer.replace(/\s+/g, ' ').slice(0, 200)}`
