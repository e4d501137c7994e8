import { parseArgs } from 'node:util'

export const rowNames = [
  'ack',
  'ingest',
  'parse',
  'reply',
  'start',
  'memory',
  'backlog',
  'neighbours',
  'flood',
] as const
export type RowName = (typeof rowNames)[number]

export type BenchOptions = Readonly<{
  rows: readonly RowName[]
  /** Of ours and of the floor each. */
  rounds: number
  /** How long a round of `ack`, `reply`, `neighbours` or `flood` loads. */
  seconds: number
  /** How many messages a round of `ingest` has, and after how many `memory` looks again. */
  events: number
  /** How many deliveries of one organization wait in front of the others in `backlog`. */
  backlog: number
}>

/** `json` is where the figures go as well; null: nowhere. */
export type CommandLine = BenchOptions & Readonly<{ json: string | null }>

export const usage = `npm run bench -- [options]

Measures against a floor, the least that could do the same, or against what is promised. On the services that DATABASE_URL, RABBITMQ_URL and REDIS_URL
name, in a database and queues of its own; embedded where they are unset.

  --rows ack,ingest,parse,reply,start,memory,backlog,neighbours,flood   which rows
  --rounds 3          rounds of ours and of the floor each
  --seconds 10        seconds of load in a round of ack, reply, neighbours or flood
  --events 10000      messages in a round of ingest or memory, or that tell the capacity in neighbours; events in one of parse
  --backlog 100000    deliveries of one organization in front of the others in backlog, where there is one round
  --json FILE         the figures as JSON too`

export class WrongOption extends Error {}

export function readOptions(args: readonly string[]): CommandLine | 'help' {
  const text = { type: 'string' } as const
  const options = {
    rows: text,
    rounds: text,
    seconds: text,
    events: text,
    backlog: text,
    json: text,
    help: { type: 'boolean' },
  } as const
  const { values } = parse(() => parseArgs({ args: [...args], options }))
  if (values.help === true) return 'help'
  return {
    rows: rowsOf(values.rows ?? rowNames.join(',')),
    rounds: wholeNumber('rounds', values.rounds ?? '3'),
    seconds: wholeNumber('seconds', values.seconds ?? '10'),
    events: wholeNumber('events', values.events ?? '10000'),
    backlog: wholeNumber('backlog', values.backlog ?? '100000'),
    json: values.json ?? null,
  }
}

function parse<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new WrongOption(error instanceof Error ? error.message : String(error))
  }
}

function rowsOf(list: string): readonly RowName[] {
  const names = list.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !(rowNames as readonly string[]).includes(name))
  if (unknown !== undefined) throw new WrongOption(`There is no row "${unknown}". Rows: ${rowNames.join(', ')}.`)
  return rowNames.filter((name) => names.includes(name))
}

function wholeNumber(name: string, value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1) throw new WrongOption(`--${name} must be a whole number from 1 on.`)
  return number
}
