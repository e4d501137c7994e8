import { parseArgs } from 'node:util'
import { KINDS } from './kinds.ts'
import { ACTIONS, type ActionRequest, DEFAULT_PERSON } from './perform.ts'

const COLUMN_CHARS = 40
const line = (left: string, right: string): string => `  ${left.padEnd(COLUMN_CHARS - 1)} ${right}`

export const USAGE = `Usage: npm run simulate -- <kind> ["text"] [options]

Kinds
${Object.entries(KINDS)
  .map(([name, { usage, says }]) => line(`${name} ${usage}`, says))
  .join('\n')}

Of the demo's simulator alone
${line('phone', 'prints what the person’s phone shows')}
${line('fault KIND', 'the next call goes wrong: --on ROUTE, --times N or always, --set name=value')}
${line('faults | no-faults', 'those that wait | forgets them')}
${line('revoke', 'the account’s tokens are void')}
${line('ledger', 'all that happened, as JSON')}

Options
  --from NAME                             who: a username or an id (default ${DEFAULT_PERSON})
  --name "Full Name"                      the name in the profile of somebody new
  --envelope NAME                         messaging, standby, changes or handovers; --standby for short
  --url URL                               the channel's webhook, http://localhost:3001/webhook/<channelId>
  --secret SECRET                         the channel's appSecret
  --account ID                            the channel's pageId
  --demo FOLDER                           the data folder of the demo (default data/demo)
  --help

It goes to the running demo, or to the channel that --url, --secret and --account name. Variables in place of the three:
SIMULATE_URL, SIMULATE_SECRET, SIMULATE_ACCOUNT.`

/** What is asked of a running simulator besides actions. */
export const COMMANDS = ['phone', 'fault', 'faults', 'no-faults', 'revoke', 'ledger'] as const
export type Command = (typeof COMMANDS)[number]

export type Arguments = Readonly<{
  request: ActionRequest
  command: Command | null
  words: readonly string[]
  /** Of `fault`. */
  fault: Readonly<{ on?: string; times?: string; set: readonly string[] }>
  url?: string
  secret?: string
  account?: string
  demo?: string
}>

/** What was typed cannot be done; the message is one line. */
export class UsageError extends Error {}

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const OF_REQUEST = {
  from: text,
  name: text,
  'media-url': text,
  'media-id': text,
  album: text,
  'story-url': text,
  'reply-to': text,
  payload: text,
  title: text,
  type: text,
  twin: flag,
  emoji: text,
  reaction: text,
  verb: flag,
  ref: text,
  'ad-id': text,
  'ad-title': text,
  'product-id': text,
  origin: text,
  by: text,
  parent: text,
  caption: text,
  'in-comment': flag,
  postback: flag,
  to: text,
  previous: text,
  envelope: text,
  form: text,
} as const
const OPTIONS = {
  ...OF_REQUEST,
  url: text,
  secret: text,
  account: text,
  demo: text,
  flat: flag,
  standby: flag,
  count: text,
  on: text,
  times: text,
  set: { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
} as const

/** Null when help is asked for. */
export function readArguments(args: readonly string[]): Arguments | null {
  const { values, positionals } = parse(args)
  const [kind, ...words] = positionals
  if (values.help) return null
  if (kind === undefined) throw new UsageError('Name what is to be sent, for example: npm run simulate -- dm "hello"')
  const { url, secret, account, demo, on, times, set = [] } = values
  const about = { words, fault: { set, ...without({ on, times }) }, ...without({ url, secret, account, demo }) }
  if ((COMMANDS as readonly string[]).includes(kind)) {
    const command = kind as Command
    const wanted = command === 'fault' ? 1 : 0
    if (words.length < wanted) throw new UsageError(`${kind} needs a kind of fault`)
    if (words.length > wanted) throw new UsageError(`${kind} takes no ${wanted === 0 ? 'text' : 'more than that'}`)
    return { ...about, command, request: { action: kind, ...without({ from: values.from }) } }
  }
  if (!ACTIONS.includes(kind)) {
    throw new UsageError(`There is no kind "${kind}"`)
  }
  const count = values.count === undefined ? undefined : Number(values.count)
  if (count !== undefined && !(Number.isInteger(count) && count > 0)) throw new UsageError('--count is a whole number')
  const given = Object.entries(values).filter(([name]) => name in OF_REQUEST)
  const request = {
    action: kind,
    ...without({ ...Object.fromEntries(given.map(([name, value]) => [nameOf(name), value])), count }),
    ...(values.flat ? { form: 'flat' as const } : {}),
    ...(values.standby ? { envelope: 'standby' as const } : {}),
    ...content(kind, words),
  }
  return { ...about, command: null, request }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0] ?? 'Unknown option')
  }
}

/** `--media-url` -> `mediaUrl`; what is an id is called one. */
const nameOf = (option: string): string =>
  option === 'parent' || option === 'album'
    ? `${option}Id`
    : option.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

function content(kind: string, words: readonly string[]): Pick<ActionRequest, 'text' | 'mid' | 'field'> {
  const [first] = words
  const takes = KINDS[kind]?.takes ?? 'nothing'
  if (takes === 'nothing') {
    if (first !== undefined) throw new UsageError(`${kind} takes no text`)
    return {}
  }
  if (kind === 'dashboard-test') return first === undefined ? {} : { field: first }
  if (takes.startsWith('mid')) {
    if (first === undefined) throw new UsageError(`${kind} needs the id of a message (mid), which sending it printed`)
    if (takes === 'mid text' && words.length < 2) throw new UsageError(`${kind} needs the new text after the id`)
    return takes === 'mid text' ? { mid: first, text: words.slice(1).join(' ') } : { mid: first }
  }
  if ((takes === 'text' || kind === 'raw') && first === undefined) {
    throw new UsageError(`${kind} needs a text, for example: npm run simulate -- ${kind} "hello"`)
  }
  return first === undefined ? {} : { text: words.join(' ') }
}

const without = <T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== false)) as never
