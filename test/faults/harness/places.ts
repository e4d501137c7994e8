import type { FailpointName } from '../../../src/config/failpoints.ts'

export type FailpointRole = 'api' | 'inbound' | 'outbound' | 'relay'
export type FailpointMode = 'kill' | 'throw' | 'delay'

/** A failpoint and how a process comes by it. */
export type Place = Readonly<{
  name: FailpointName
  /** What has to fail before, in the same process: `FAILPOINT=<this>,<name>:kill`. */
  after?: string
  /** Either process of the role may be the one that comes by: both are told to fail there, until one has. */
  either?: boolean
  /** The other process of the role dies at this place first, holding something. */
  otherDiesAt?: FailpointName
  /** Nothing comes by of itself: a delivery that has killed its holders before is sent. */
  needsKiller?: boolean
}>

type Row = Omit<Place, 'name'> & Readonly<{ role: FailpointRole; modes?: readonly FailpointMode[] }>

const api = { role: 'api' } as const
const inbound = { role: 'inbound' } as const
// Which of them claims a conversation is chance, and may be the same one for long.
const outbound = { role: 'outbound', either: true } as const
const ALL = ['kill', 'throw', 'delay'] as const
const SPOOLED = 'broker.publishing:throw@1'

/** Where no customer's message and no reply comes by: `erasures-killed.test.ts` and `exports-killed.test.ts` ask for it. */
export const ASKED_FOR = [
  ...['erasure.starting', 'erasure.committing', 'erasure.committed', 'traces.committing', 'traces.committed'],
  ...['erasure.ended', 'export.starting', 'export.committing', 'export.committed', 'export.ended'],
] as const satisfies readonly FailpointName[]
export type TrafficPlace = Exclude<FailpointName, (typeof ASKED_FOR)[number]>

/** Who passes each place of the two flows. The traffic of a run brings them there, or what is said here. */
export const failpointsOf: Readonly<Record<TrafficPlace, Row>> = {
  'webhook.read': api,
  'intake.accepting': { ...api, modes: ['kill', 'delay'] },
  'broker.publishing': { ...api, modes: ALL },
  'broker.confirmed': { ...api, modes: ALL },
  'spool.writing': { ...api, after: SPOOLED },
  'spool.written': { ...api, after: SPOOLED },
  'group.committing': { ...api, after: SPOOLED },
  'group.committed': { ...api, after: SPOOLED },
  'intake.accepted': api,
  'webhook.answering': api,
  'webhook.answered': api,
  'reply.committing': api,
  'reply.committed': api,
  'upload.committing': api,
  'upload.committed': api,
  'queue.claiming': inbound,
  'queue.claimed': inbound,
  'broker.delivered': inbound,
  'trial.counting': { ...inbound, either: true, otherDiesAt: 'batch.handling' },
  'trial.counted': { ...inbound, either: true, otherDiesAt: 'batch.handling' },
  'batch.handling': { ...inbound, modes: ALL },
  'ingest.committing': { ...inbound, modes: ALL },
  'ingest.committed': { ...inbound, modes: ALL },
  'quarantine.committing': { ...inbound, either: true },
  'quarantine.committed': { ...inbound, either: true },
  'batch.handled': { ...inbound, modes: ALL },
  'batch.acknowledged': inbound,
  'given-up.handling': { ...inbound, either: true, needsKiller: true },
  'given-up.handled': { ...inbound, either: true, needsKiller: true },
  // Not of the first one alone: that may have come from the spool.
  'retry.queued': {
    ...inbound,
    after: Array.from({ length: 20 }, (_, n) => `batch.handling:throw@${n + 1}`).join(','),
  },
  'look-up.starting': { ...inbound, either: true },
  'look-up.ended': { ...inbound, either: true },
  'lanes.claiming': outbound,
  'lanes.claimed': outbound,
  'sending.committing': { ...outbound, modes: ALL },
  'sending.committed': outbound,
  'network.calling': outbound,
  'network.answered': outbound,
  'outcome.committing': { ...outbound, modes: ALL },
  'outcome.committed': outbound,
  'expiry.committing': { ...outbound, otherDiesAt: 'sending.committed' },
  'expiry.committed': { ...outbound, otherDiesAt: 'sending.committed' },
  'doubt-check.starting': outbound,
  'proof.committing': outbound,
  'doubt-check.ended': outbound,
  'reaction.starting': outbound,
  'reaction.ended': outbound,
  'events.numbering': { role: 'relay', either: true },
  'events.numbered': { role: 'relay', either: true },
}
