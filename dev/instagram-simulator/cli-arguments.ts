import { parseArgs } from 'node:util'
import { ACTIONS, type ActionRequest, DEFAULT_PERSON } from './perform.ts'

export const USAGE = `Usage: npm run simulate -- <kind> ["text"] [options]

Kinds
  dm "text"                         a direct message
  story-reply "text"                an answer to a story of the account
  story-mention                     the account mentioned in a story
  comment "text"                    a comment under a post (--flat: the other envelope)
  image | video | audio | file      an attachment (["text"] --media-url URL)
  quick-reply | postback "title"    a tapped button (--payload P)
  optin                             agrees to be written to (--payload P)
  edit MID "text"                   changes a message
  unsend MID                        takes a message back
  typed-on-phone "text"             an answer typed in the account's Instagram app
  dashboard-test [field]            the "Test" button of Meta's dashboard
  raw 'body'                        any body, signed as it is
  phone                             prints what the person's phone shows (demo only)

Options
  --from NAME                       who: a username or an id (default ${DEFAULT_PERSON})
  --name "Full Name"                the name in the profile of somebody new
  --url URL                         the channel's webhook, http://localhost:3001/webhook/<channelId>
  --secret SECRET                   the channel's appSecret
  --account ID                      the channel's pageId
  --demo FOLDER                     the data folder of the demo (default data/demo)
  --help

It goes to the running demo, or to the channel that --url, --secret and --account name. Variables in place of the three:
SIMULATE_URL, SIMULATE_SECRET, SIMULATE_ACCOUNT.`

export type Arguments = Readonly<{
  request: ActionRequest
  url?: string
  secret?: string
  account?: string
  demo?: string
}>

/** What was typed cannot be done; the message is one line. */
export class UsageError extends Error {}

const OPTIONS = {
  from: { type: 'string' },
  name: { type: 'string' },
  url: { type: 'string' },
  secret: { type: 'string' },
  account: { type: 'string' },
  demo: { type: 'string' },
  'media-url': { type: 'string' },
  payload: { type: 'string' },
  flat: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Null when help is asked for. */
export function readArguments(args: readonly string[]): Arguments | null {
  const { values, positionals } = parse(args)
  const [kind, ...words] = positionals
  if (values.help) return null
  if (kind === undefined) throw new UsageError('Name what is to be sent, for example: npm run simulate -- dm "hello"')
  if (kind !== 'phone' && !ACTIONS.includes(kind)) {
    throw new UsageError(`There is no "${kind}"; there are ${[...ACTIONS, 'phone'].join(', ')}`)
  }
  const { from, name, payload, flat, 'media-url': mediaUrl, ...target } = values
  const request = {
    action: kind,
    ...content(kind, words),
    ...without({ from, name, payload, mediaUrl }),
    ...(flat ? { form: 'flat' as const } : {}),
  }
  return { request, ...without(target) }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0] ?? 'Unknown option')
  }
}

const NOTHING_TO_SAY = ['phone', 'story-mention', 'optin']
const NEEDS_TEXT = ['dm', 'story-reply', 'comment', 'quick-reply', 'postback', 'typed-on-phone', 'raw']

function content(kind: string, words: readonly string[]): Pick<ActionRequest, 'text' | 'mid' | 'field'> {
  const [first] = words
  if (NOTHING_TO_SAY.includes(kind)) {
    if (first !== undefined) throw new UsageError(`${kind} takes no text`)
    return {}
  }
  if (kind === 'dashboard-test') return first === undefined ? {} : { field: first }
  if (kind === 'edit' || kind === 'unsend') {
    if (first === undefined) throw new UsageError(`${kind} needs the id of a message (mid), which sending it printed`)
    if (kind === 'edit' && words.length < 2) throw new UsageError('edit needs the new text after the id')
    return kind === 'edit' ? { mid: first, text: words.slice(1).join(' ') } : { mid: first }
  }
  if (NEEDS_TEXT.includes(kind) && first === undefined) {
    throw new UsageError(`${kind} needs a text, for example: npm run simulate -- ${kind} "hello"`)
  }
  return first === undefined ? {} : { text: words.join(' ') }
}

const without = <T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== false)) as never
