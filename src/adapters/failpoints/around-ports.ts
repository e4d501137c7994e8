import type { Failpoint, FailpointName } from '../../config/failpoints.ts'
import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { JobQueue, JobQueueName } from '../../ports/job-queue.ts'
import type { Stores, UnitOfWork } from '../../ports/unit-of-work.ts'
import type { WebhookIntake, WebhookSource } from '../../ports/webhook-intake.ts'

/** The same ports, with the places of the table before and after what they do: the core knows nothing of them. */
export function portsWithFailpoints(ports: CorePorts, pass: Failpoint): CorePorts {
  return {
    ...ports,
    intake: intakeWithFailpoints(ports.intake, pass, ['intake.accepting', 'intake.accepted']),
    sendLanes: {
      claim: (...args) => around(pass, ['lanes.claiming', 'lanes.claimed'], () => ports.sendLanes.claim(...args)),
      expired: (...args) => ports.sendLanes.expired(...args),
      pauseApp: (...args) => ports.sendLanes.pauseApp(...args),
    },
    channelRegistry: {
      ...ports.channelRegistry,
      get(type) {
        const adapter = ports.channelRegistry.get(type)
        return adapter && adapterWithFailpoints(adapter, pass)
      },
    },
    unitOfWork: unitOfWorkWithFailpoints(ports.unitOfWork, pass),
  }
}

const intakeWithFailpoints = (
  intake: WebhookIntake,
  pass: Failpoint,
  places: readonly [FailpointName, FailpointName],
): WebhookIntake => ({ accept: (delivery) => around(pass, places, () => intake.accept(delivery)) })

const adapterWithFailpoints = (adapter: ChannelAdapter, pass: Failpoint): ChannelAdapter => ({
  ...adapter,
  sender: {
    ...adapter.sender,
    send: (...args) => around(pass, ['network.calling', 'network.answered'], () => adapter.sender.send(...args)),
  },
})

export const sourceWithFailpoints = (source: WebhookSource, pass: Failpoint): WebhookSource => ({
  start: (handle, { handleForApp, handleGivenUp, ...options }) =>
    source.start((...args) => around(pass, ['batch.handling', 'batch.handled'], () => handle(...args)), {
      ...options,
      ...(handleForApp && {
        handleForApp: (...args) => around(pass, ['batch.handling', 'batch.handled'], () => handleForApp(...args)),
      }),
      ...(handleGivenUp && {
        handleGivenUp: (...args) =>
          around(pass, ['given-up.handling', 'given-up.handled'], () => handleGivenUp(...args)),
      }),
    }),
  stop: () => source.stop(),
})

const JOBS: Partial<Record<JobQueueName, readonly [FailpointName, FailpointName]>> = {
  'doubt-check': ['doubt-check.starting', 'doubt-check.ended'],
  reaction: ['reaction.starting', 'reaction.ended'],
  'profile-lookup': ['look-up.starting', 'look-up.ended'],
  'media-lookup': ['look-up.starting', 'look-up.ended'],
  'mention-lookup': ['look-up.starting', 'look-up.ended'],
  'message-lookup': ['look-up.starting', 'look-up.ended'],
  erasure: ['erasure.starting', 'erasure.ended'],
  export: ['export.starting', 'export.ended'],
}

export const jobsWithFailpoints = (jobs: JobQueue, pass: Failpoint): JobQueue => ({
  start(queue, handle, options) {
    const places = JOBS[queue]
    return jobs.start(queue, places ? (job) => around(pass, places, () => handle(job)) : handle, options)
  },
  stop: () => jobs.stop(),
})

type Transaction =
  | 'ingest'
  | 'quarantine'
  | 'reply'
  | 'sending'
  | 'outcome'
  | 'expiry'
  | 'proof'
  | 'upload'
  | 'erasure'
  | 'traces'
  | 'export'

/** What a transaction is for shows in the first of these that it does. */
const TELLING: Readonly<{ [Store in keyof Stores]?: Readonly<{ [Method in keyof Stores[Store]]?: Transaction }> }> = {
  intake: { open: 'ingest', quarantine: 'quarantine' },
  sends: { enqueue: 'reply', begin: 'sending', settle: 'outcome', expire: 'expiry' },
  doubts: { prove: 'proof' },
  uploads: { append: 'upload' },
  erasures: { erase: 'erasure', bodies: 'traces' },
  exports: { append: 'export' },
}

const BEFORE = {
  ingest: 'ingest.committing',
  quarantine: 'quarantine.committing',
  reply: 'reply.committing',
  sending: 'sending.committing',
  outcome: 'outcome.committing',
  expiry: 'expiry.committing',
  proof: 'proof.committing',
  upload: 'upload.committing',
  erasure: 'erasure.committing',
  traces: 'traces.committing',
  export: 'export.committing',
} as const satisfies Record<Transaction, FailpointName>

const AFTER = {
  ingest: 'ingest.committed',
  quarantine: 'quarantine.committed',
  reply: 'reply.committed',
  sending: 'sending.committed',
  outcome: 'outcome.committed',
  expiry: 'expiry.committed',
  proof: null,
  upload: 'upload.committed',
  erasure: 'erasure.committed',
  traces: 'traces.committed',
  export: 'export.committed',
} as const satisfies Record<Transaction, FailpointName | null>

function unitOfWorkWithFailpoints(unitOfWork: UnitOfWork, pass: Failpoint): UnitOfWork {
  return {
    async run(orgId, work) {
      let is: Transaction | null = null
      const result = await unitOfWork.run(orgId, async (stores) => {
        // It may be run again.
        is = null
        const told = await work(watched(stores, (transaction) => (is ??= transaction)))
        if (is !== null) await pass(BEFORE[is as Transaction])
        return told
      })
      const after = is === null ? null : AFTER[is as Transaction]
      if (after !== null) await pass(after)
      return result
    },
  }
}

function watched(stores: Stores, tell: (transaction: Transaction) => void): Stores {
  const watching: Record<string, unknown> = {}
  for (const [name, methods] of Object.entries(TELLING)) {
    const store = stores[name as keyof Stores] as object
    watching[name] = new Proxy(store, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property)
        if (typeof value !== 'function') return value
        const transaction = (methods as Readonly<Record<string, Transaction>>)[String(property)]
        if (transaction === undefined) return value.bind(target)
        return (...args: unknown[]) => {
          tell(transaction)
          return value.apply(target, args)
        }
      },
    })
  }
  return { ...stores, ...watching }
}

async function around<T>(
  pass: Failpoint,
  [before, after]: readonly [FailpointName, FailpointName],
  work: () => Promise<T>,
): Promise<T> {
  await pass(before)
  const result = await work()
  await pass(after)
  return result
}
