import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Arguments, UsageError } from './cli-arguments.ts'
import type { ActionRequest } from './perform.ts'
import { createInstagramSimulator } from './simulator.ts'

export type Outcome = Readonly<{
  mid: string | null
  url: string | null
  status: number | null
  answer: string
  error: string | null
}>

export type Target = Readonly<{
  perform(request: ActionRequest): Promise<Outcome>
  /** Null where no simulator runs: a real channel has real phones. */
  control: Control | null
}>

/** A call of the running simulator's control API. */
export type Control = <T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<T>

/** What a phone shows, as the control API tells it. */
export type Phone = Readonly<{
  /** The business's name. */
  account: string
  customer: string
  messages: readonly Bubble[]
  typing: boolean
  /** The newest message of the customer's that the business has seen. */
  seen: string | null
  reactions: readonly Readonly<{ mid: string; emoji: string }>[]
  /** Below the comments with these ids. */
  publicReplies: readonly Readonly<{ mid: string; text: string; at: string }>[]
}>

export type Bubble = Readonly<{
  mid: string
  from: string
  kind: string
  text: string | null
  attachments: readonly { type: string }[]
  privateReplyTo: string | null
  unsent: boolean
  at: string
}>

/** The file in which a running demo says where its simulator listens. */
export const DEMO_FILE = 'simulator.json'

type Environment = Readonly<Record<string, string | undefined>>

/** The channel that was named, else the running demo. */
export async function findTarget(given: Arguments, environment: Environment, demoFolder: string): Promise<Target> {
  const named = {
    url: given.url ?? environment['SIMULATE_URL'],
    secret: given.secret ?? environment['SIMULATE_SECRET'],
    account: given.account ?? environment['SIMULATE_ACCOUNT'],
  }
  const { url, secret, account } = named
  if (url !== undefined && secret !== undefined && account !== undefined) return directTarget({ url, secret, account })
  const missing = Object.entries(named).flatMap(([name, value]) => (value === undefined ? [`--${name}`] : []))
  if (missing.length < 3) throw new UsageError(`To name a channel give ${missing.join(' and ')} too`)
  const demo = await runningDemo(demoFolder)
  if (demo !== null) return demoTarget(demo)
  throw new Error('No demo is running. Start one (npm run demo), or name a channel with --url, --secret and --account.')
}

function directTarget(channel: { url: string; secret: string; account: string }): Target {
  if (!/^https?:/.test(channel.url) || !URL.canParse(channel.url)) {
    throw new UsageError('--url has to be an address such as http://localhost:3001/webhook/<channelId>')
  }
  return {
    control: null,
    async perform(request) {
      const simulator = await createInstagramSimulator()
      try {
        simulator.account({ id: channel.account, appSecret: channel.secret, webhookUrl: channel.url })
        const { mid, status, attempts } = await simulator.perform(request)
        const { answer = '', error = null } = attempts.at(-1) ?? {}
        return { mid, url: channel.url, status, answer, error }
      } finally {
        await simulator.close()
      }
    },
  }
}

function demoTarget(control: string): Target {
  const ask: Control = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`${control}${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } } : {}),
    })
    const answer = (await response.json()) as T & { error?: string }
    if (!response.ok) throw new Error(answer.error ?? `The demo's simulator answered ${response.status}`)
    return answer
  }
  return { perform: (request) => ask<Outcome>('POST', '/actions', request), control: ask }
}

async function runningDemo(folder: string): Promise<string | null> {
  try {
    const { control } = JSON.parse(await readFile(join(folder, DEMO_FILE), 'utf8')) as { control: string }
    const response = await fetch(control, { signal: AbortSignal.timeout(2_000) })
    return ((await response.json()) as { simulator?: string }).simulator === 'instagram' ? control : null
  } catch {
    return null
  }
}
