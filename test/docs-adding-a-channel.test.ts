import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { Delivery } from '../src/core/channel/delivery.ts'
import type { ChannelAdapter, ChannelSettings } from '../src/ports/channel-adapter.ts'
import { ROOT } from './support/program.ts'

const page = readFileSync(join(ROOT, 'docs/adding-a-channel.md'), 'utf8')
const section = (heading: string) => page.split(`## ${heading}`)[1]?.split('\n## ')[0] ?? ''
const rowsOf = (text: string) => [...text.matchAll(/^\| `([a-zA-Z]+)` \|/gm)].map(([, name]) => name)

/** The members that a type need not have. */
type Optional<T> = { [Name in keyof T]-?: object extends Pick<T, Name> ? Name : never }[keyof T]

// One that is missing here does not compile, and one that is missing in the document fails below.
const ANSWERS = {
  accepted: true,
  refused: true,
  retry: true,
  reauthorize: true,
  unknown: true,
} as const satisfies Record<Delivery['status'], true>

type Retry = Extract<Delivery, { status: 'retry' }>

const DETAILS = {
  demands: true,
  unanswered: true,
  reason: true,
  bound: true,
} as const satisfies Record<Exclude<Optional<Retry>, 'platformCode'>, true>

const MEMBERS = {
  inboundVia: true,
  pacing: true,
  profiles: true,
  media: true,
  history: true,
  comments: true,
  signals: true,
  logins: true,
  subscriptions: true,
  tokens: true,
  doctor: true,
  app: true,
} as const satisfies Record<Optional<ChannelAdapter>, true>

const SETTINGS = {
  app: true,
  credentials: true,
  alias: true,
  proof: true,
} as const satisfies Record<Optional<ChannelSettings>, true>

test('docs/adding-a-channel.md lists every answer of a sender, and what may come with it', (t) => {
  const answers = section('4. Answer: sender')
  t.deepEqual(rowsOf(answers), Object.keys(ANSWERS))
  for (const detail of Object.keys(DETAILS)) t.true(answers.includes(`\`${detail}\``), detail)
})

test('docs/adding-a-channel.md lists every member that an adapter may have', (t) => {
  t.deepEqual(rowsOf(section('5. Say what it can: capabilities')).toSorted(), Object.keys(MEMBERS).toSorted())
})

test('docs/adding-a-channel.md names every setting that settings may have', (t) => {
  const settings = section('1. Say what it needs: settings')
  for (const name of Object.keys(SETTINGS)) t.true(settings.includes(`\`${name}\``), name)
})
