import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { runningRoles } from '../src/application.ts'
import type { Core } from '../src/core/index.ts'
import type { JobQueue } from '../src/ports/job-queue.ts'
import type { Wakeups } from '../src/ports/wakeups.ts'
import type { WebhookSource } from '../src/ports/webhook-intake.ts'
import { startInbound } from '../src/roles/inbound.ts'
import { startOutbound } from '../src/roles/outbound.ts'
import { RecordingLog } from './fakes/recording-log.ts'
import { ROOT } from './support/program.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** The rows of a table that begin with a role, by its name; the other cells in one text. */
function rolesIn(text: string): ReadonlyMap<string, string> {
  const rows = text.matchAll(/^\| `([a-z]+)`(?: \([^)]*\))? \|(.*)\|$/gm)
  return new Map([...rows].map(([, role = '', rest = '']) => [role, rest]))
}

const readme = rolesIn(read('README.md').split('## Roles')[1]?.split('\n## ')[0] ?? '')
const architecture = rolesIn(read('docs/architecture.md').split('## The picture')[1]?.split('\n## ')[0] ?? '')

const words = (text: string) => [...text.matchAll(/`([a-z-]+)`/g)].map(([, word]) => word ?? '')

/** The queues whose jobs a role takes, as it starts. */
async function queuesOf(start: (jobs: JobQueue) => Promise<{ stop(): Promise<void> }>): Promise<readonly string[]> {
  const queues: string[] = []
  const jobs: JobQueue = { start: async (queue) => void queues.push(queue), stop: async () => {} }
  await (await start(jobs)).stop()
  return queues
}

test('README has a row for each role, and says of the scheduler and the inbound role what nobody else does', (t) => {
  t.deepEqual([...readme.keys()], [...runningRoles])
  const scheduler = readme.get('scheduler') ?? ''
  for (const task of ['sweeps', 'access tokens', 'forgets']) t.true(scheduler.includes(task), task)
  const inbound = readme.get('inbound') ?? ''
  for (const task of ['imports', 'sweeps', 'tokens', 'unsubscribing', 'again']) t.true(inbound.includes(task), task)
})

test('docs/architecture.md names every queue of each role, and no other', async (t) => {
  const source: WebhookSource = { start: async () => {}, stop: async () => {} }
  const wakeups: Pick<Wakeups, 'on'> = { on: () => () => {} }
  const core: Pick<Core, 'deliverDue' | 'tellUnconfirmed'> = {
    deliverDue: async () => [],
    tellUnconfirmed: async () => 0,
  }
  const inbound = await queuesOf((jobs) => startInbound({ core: core as Core, source, jobs }))
  const outbound = await queuesOf((jobs) =>
    startOutbound({ core: core as Core, wakeups: wakeups as Wakeups, jobs, log: new RecordingLog() }),
  )
  t.deepEqual(words(architecture.get('inbound') ?? '').sort(), [...inbound].sort())
  t.deepEqual(words(architecture.get('outbound') ?? '').sort(), [...outbound].sort())
})

test('docs/architecture.md says what the scheduler plans', (t) => {
  t.deepEqual(words(architecture.get('scheduler') ?? ''), ['history-sweep', 'token-refresh'])
})
