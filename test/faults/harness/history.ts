import type { ChannelJson, InboxClient, MessageJson } from '../../support/inbox-client.ts'

/** A channel of an organization's, and the platform's account behind it: whose messages belong to whom. */
export type ConnectedChannel = Readonly<{ orgId: string; channelId: string; accountId: string }>

/** A request of ours and what came back. Webhooks are in the simulator's ledger, with the same facts. */
export type Exchange = Readonly<{
  method: string
  path: string
  sentAt: Date
  tookMs: number
  /** Null where no answer came, or not to its end. */
  status: number | null
  /** The problem's code. */
  code: string | null
  retryAfter: string | null
}>

/** A reply that an agent wrote: one, however often it was posted under its key. Texts are unique in a run. */
export type ReplyRecord = Readonly<{
  orgId: string
  ticketId: string
  key: string
  text: string
  tries: readonly Exchange[]
  /** The first answer that was no trouble; null while there was none. */
  answer: Readonly<{ status: number; messageId: string | null }> | null
  /** How often somebody asked for it to be sent once more. */
  resends: number
}>

/** What a reader of an organization's events was told, in the order in which it came, over all its connections. */
export type FeedRecord = Readonly<{
  orgId: string
  /** Whose notifications it is told of; null where that is not known. */
  memberId: string | null
  /** The number it began behind. */
  after: number
  events: readonly FeedEvent[]
}>
export type FeedEvent = Readonly<{ id: string; seq: number; orgId: string; type: string; at: Date }>

/** What the harness did and was answered. */
export type History = Readonly<{
  channels: readonly ConnectedChannel[]
  replies: readonly ReplyRecord[]
  /** Of all kinds, those of the replies among them, in the order in which they ended. */
  exchanges: readonly Exchange[]
  feeds: readonly FeedRecord[]
}>

export type Recorder = ReturnType<typeof createRecorder>
type OpenReply = { -readonly [Key in keyof ReplyRecord]: ReplyRecord[Key] } & { tries: Exchange[] }
/** A reply that can be posted as often as it takes. */
export type RecordedReply = ReturnType<Recorder['reply']>
type OpenFeed = FeedRecord & { events: FeedEvent[] }

/** Keeps the history of a run, and makes the requests that belong into it. */
export function createRecorder() {
  const channels: ConnectedChannel[] = []
  const replies: OpenReply[] = []
  const exchanges: Exchange[] = []
  const feeds: OpenFeed[] = []

  /** Null where no answer came. */
  async function call<T>(
    client: InboxClient,
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Readonly<{ exchange: Exchange; body: T | null }>> {
    const sentAt = new Date()
    const startedAt = performance.now()
    const answer = await client.call<T>(method, path, body, headers).catch(() => null)
    const problem = answer !== null && answer.status >= 400 ? (answer.body as { code?: unknown } | null) : null
    const exchange: Exchange = {
      method,
      path,
      sentAt,
      tookMs: performance.now() - startedAt,
      status: answer?.status ?? null,
      code: typeof problem?.code === 'string' ? problem.code : null,
      retryAfter: answer?.headers.get('retry-after') ?? null,
    }
    exchanges.push(exchange)
    return { exchange, body: answer?.body ?? null }
  }

  return {
    call,

    connected(
      { orgId }: Pick<InboxClient, 'orgId'>,
      { id }: Pick<ChannelJson, 'id'>,
      account: Readonly<{ id: string }>,
    ) {
      channels.push({ orgId, channelId: id, accountId: account.id })
    },

    /** One more reply; `post` asks once, under the same key each time, and resolves with whether it was answered. */
    reply(client: InboxClient, ticketId: string, text: string, key: string = text) {
      const record: OpenReply = { orgId: client.orgId, ticketId, key, text, tries: [], answer: null, resends: 0 }
      replies.push(record)
      let message: MessageJson | null = null
      return {
        record: record as ReplyRecord,
        /** As it was when it was taken; null until then. */
        message: () => message,
        async post(): Promise<boolean> {
          const { exchange, body } = await call<MessageJson>(
            client,
            'POST',
            `/tickets/${ticketId}/messages`,
            { content: text },
            { 'idempotency-key': key },
          )
          record.tries.push(exchange)
          if (exchange.status === null || exchange.status >= 500) return false
          const taken = exchange.status < 300 ? body : null
          message ??= taken
          record.answer ??= { status: exchange.status, messageId: taken?.id ?? null }
          return true
        },
        /** Somebody decides to send it again: a second copy is no fault from now on. */
        sentAgain(): void {
          record.resends += 1
        },
      }
    },

    /** A reader's own record, to be filled as events come. */
    feed(orgId: string, memberId: string | null, after: number): OpenFeed {
      const record: OpenFeed = { orgId, memberId, after, events: [] }
      feeds.push(record)
      return record
    },

    /** As it is now; goes on being filled. */
    history: { channels, replies, exchanges, feeds } as History,
  }
}
