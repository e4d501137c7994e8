import type { ViolationKind } from '../harness/checker.ts'

/** Words of a source file that are replaced while it is loaded. */
export type Patch = Readonly<{ file: string; find: string; put: string }>

export type Bug = Readonly<{
  patches: readonly Patch[]
  /** What the database is made to lack. */
  sql?: string
  /** What the checker has to call it. */
  kind: ViolationKind
}>

/** The mistakes that everything here is built to avoid: in the program as it is, one at a time. */
export const BUGS = {
  'ack before commit': {
    kind: 'lost',
    patches: [
      {
        file: 'src/adapters/messaging/rabbit-source.ts',
        find: 'const [first] = batch\n',
        put: 'const [first] = batch\n          for (const { settle } of batch) settle(ConsumerStatus.ACK)\n',
      },
    ],
  },
  'publish without confirm': {
    kind: 'lost',
    patches: [
      {
        file: 'src/adapters/messaging/rabbit-publisher.ts',
        find: 'createPublisher({ confirm: true,',
        put: 'createPublisher({ confirm: false,',
      },
    ],
  },
  'no unique key': {
    kind: 'duplicated',
    // What is known is looked up first; the key is what stands behind that.
    sql: 'drop index message_parts_external',
    patches: [
      {
        file: 'src/adapters/persistence/stores/load-intake.ts',
        find: 'where s.org_id = $1 and s.channel_id = $2 and s.external_id = e.id limit 1) p on true',
        put: 'where false) p on true',
      },
    ],
  },
  'relay by high-water mark': {
    kind: 'lost',
    patches: [
      {
        file: 'src/adapters/messaging/event-numbering.ts',
        find: 'from event_log where seq is null order by',
        put: 'from event_log where seq is null and id > (select coalesce(max(id), 0) from event_log where seq is not null) order by',
      },
    ],
  },
  'blind resend': {
    kind: 'doubleSends',
    patches: [
      {
        file: 'src/core/message/send-outcome.ts',
        find: "return { status: 'UNKNOWN', holdUntil: new Date(now.getTime() + HOLD_MS), detail: delivery.detail }",
        put: "return { status: 'QUEUED', notBefore: now, detail: delivery.detail, platformCode: null }",
      },
    ],
  },
} as const satisfies Record<string, Bug>

export type BugName = keyof typeof BUGS
