import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import type { WebhookAnswer } from '../src/core/channel/accept-webhook.ts'
import { SENTENCES } from '../src/core/message/send-outcome.ts'
import type { PauseReason } from '../src/ports/views.ts'
import { ROOT } from './support/program.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const troubleshooting = read('docs/instagram-setup.md').split('## Troubleshooting')[1]?.split('\n## ')[0] ?? ''

const REFUSED_DELIVERIES = {
  'unknown-channel': true,
  'no-secret': true,
  'bad-signature': true,
} as const satisfies Record<Exclude<WebhookAnswer['status'], 'accepted'>, true>

const WAITS = {
  paused: true,
  'needs-reauth': true,
  throttled: true,
  'app-throttled': true,
  restricted: true,
  'usage-high': true,
  unreachable: true,
} as const satisfies Record<PauseReason, true>

test('the guide explains figures that a channel has', (t) => {
  const { components } = parse(read('openapi.yaml'))
  const figures = Object.keys(components.schemas.ChannelHealth.properties)
  const rows = [...troubleshooting.matchAll(/^\| `([a-zA-Z]+)`/gm)].map(([, name]) => name ?? '')
  t.true(rows.length > 5)
  for (const row of rows) t.true(figures.includes(row), row)
})

test('the guide sends nobody into a table of the database', (t) => {
  t.notRegex(troubleshooting, /in the table `/)
})

test('the codes in the guide exist: failures of a reply, refusals of a delivery, reasons to wait', (t) => {
  const known: readonly string[] = [
    ...Object.keys(SENTENCES),
    ...Object.keys(REFUSED_DELIVERIES),
    ...Object.keys(WAITS),
  ]
  const codes = [...troubleshooting.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, code]) => code ?? '')
  t.true(codes.length > 5)
  for (const code of codes) t.true(known.includes(code), code)
})
