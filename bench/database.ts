import pg from 'pg'
import { connectionConfig, type DatabaseTarget } from '../src/adapters/persistence/connection.ts'

/** What comes and goes with a round, and whatever refers to it. Organizations, members and channels stay. */
const ROUND = [
  ...['customers', 'customer_identities', 'conversations', 'tickets', 'messages', 'message_parts', 'attachments'],
  ...['notifications', 'raw_events', 'quarantine', 'event_log', 'tombstones', 'send_lanes', 'send_attempts', 'jobs'],
  ...['early_edits', 'early_reads', 'reactions', 'raw_event_copies', 'media'],
].join(', ')

const PROGRESS = `
select count(*)::int as messages, extract(epoch from clock_timestamp() - min(created_at))::float as seconds from messages`

const READABLE = `
select p.external_id as id from unnest($1::uuid[], $2::uuid[], $3::text[]) as sent (org_id, channel_id, external_id)
join message_parts p using (org_id, channel_id, external_id)`

/** The database from outside, as its owner. */
export type BenchDatabase = Readonly<{
  /** As our processes log in. */
  runtime: DatabaseTarget
  version(): Promise<string>
  /** Nothing that was delivered is left, and what was not written yet is. */
  clear(): Promise<void>
  countJobs(queue: 'inbound' | 'profile-lookup'): Promise<number>
  /** How many messages can be read, and the seconds since the transaction that stored the first one began. */
  progress(): Promise<{ messages: number; seconds: number }>
  /** Which of these messages can be read. */
  readable(sent: readonly SentMessage[]): Promise<ReadonlySet<string>>
  close(): Promise<void>
}>

/** A message as the platform names it. */
export type SentMessage = Readonly<{ orgId: string; channelId: string; messageId: string }>

export async function openBenchDatabase(place: {
  runtime: DatabaseTarget
  admin: DatabaseTarget
}): Promise<BenchDatabase> {
  const client = await connect(place.admin)
  return {
    runtime: place.runtime,
    version: async () =>
      (await client.query<{ server_version: string }>('show server_version')).rows[0]?.server_version.split(' ')[0] ??
      '?',
    async clear() {
      await client.query(`truncate ${ROUND} restart identity cascade`)
      // Not in somebody's round. Only a superuser may on every version; elsewhere it comes when it comes.
      await client.query('checkpoint').catch(() => {})
    },
    async countJobs(queue) {
      const { rows } = await client.query<{ n: number }>('select count(*)::int as n from jobs where queue = $1', [
        queue,
      ])
      return rows[0]?.n ?? 0
    },
    async progress() {
      const { rows } = await client.query<{ messages: number; seconds: number | null }>(PROGRESS)
      return { messages: rows[0]?.messages ?? 0, seconds: rows[0]?.seconds ?? 0 }
    },
    async readable(sent) {
      // By a name, so that it is planned once: it is asked while others are measured.
      const { rows } = await client.query<{ id: string }>({
        name: 'readable',
        text: READABLE,
        values: [
          sent.map(({ orgId }) => orgId),
          sent.map(({ channelId }) => channelId),
          sent.map(({ messageId }) => messageId),
        ],
      })
      return new Set(rows.map(({ id }) => id))
    },
    close: () => client.end(),
  }
}

export async function createDatabase(server: DatabaseTarget, name: string): Promise<{ drop(): Promise<void> }> {
  const run = async (text: string) => {
    const client = await connect(server)
    await client.query(text).finally(() => client.end())
  }
  await run(`create database ${name}`)
  return { drop: () => run(`drop database if exists ${name} with (force)`) }
}

async function connect(target: DatabaseTarget): Promise<pg.Client> {
  const client = new pg.Client(connectionConfig(target, { applicationName: 'delightchat-bench' }))
  client.on('error', () => {})
  await client.connect()
  return client
}
