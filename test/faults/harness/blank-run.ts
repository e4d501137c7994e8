import type { Ledger } from '../../../dev/instagram-simulator/index.ts'
import type { FeedEvent } from './history.ts'
import type { Snapshot, StoredEvent } from './snapshot.ts'

type Mutable<T> = T extends (infer Item)[] | readonly (infer Item)[]
  ? Item[]
  : { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] }
type OpenSnapshot = Mutable<Snapshot>
export type OpenPhone = Omit<Ledger['phones'][number], 'messages'> & {
  messages: Ledger['phones'][number]['messages'][number][]
}

export const heard = ({ publicId, seq, orgId, type, occurredAt }: StoredEvent): FeedEvent => ({
  id: publicId,
  seq: seq ?? 0,
  orgId,
  type,
  at: occurredAt,
})

export const attemptOf = (status: number | null, sentAt: Date) => ({
  url: '',
  sentAt,
  tookMs: 5,
  status,
  answer: '',
  retryAfter: status === 503 ? '1' : null,
  error: status === null ? 'no answer in time' : null,
})

export const NOBODY = { username: '', name: null, profile: 'shown', typing: false, seen: null, reactions: [] } as const
export const BUBBLE = { kind: 'message', attachments: [], privateReplyTo: null, unsent: false } as const

export const emptySnapshot = (): OpenSnapshot => ({
  takenAt: new Date(0),
  members: [],
  channels: [],
  identities: [],
  customers: [],
  conversations: [],
  tickets: [],
  messages: [],
  parts: [],
  attempts: [],
  lanes: [],
  notifications: [],
  events: [],
  rawEvents: [],
  putAside: [],
  jobs: [],
  queues: [],
})
