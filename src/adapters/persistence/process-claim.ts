import { Client, type ClientConfig } from 'pg'

export type ProcessClaim = Readonly<{
  /** False where another process holds the claim on this database. */
  isFirst: boolean
  release(): Promise<void>
}>

/** Any number that nobody else locks; the same in every release. */
const API_WITHOUT_REDIS = 7_283_114_902

const ANSWER_WITHIN_MS = 5_000

/**
 * Tells whether another api process runs on this database. It lasts as long as a connection of its own: a process that is
 * killed claims nothing.
 */
export async function claimApiProcess(connection: ClientConfig): Promise<ProcessClaim> {
  const client = new Client({ query_timeout: ANSWER_WITHIN_MS, ...connection })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ first: boolean }>('select pg_try_advisory_lock($1) as first', [
      API_WITHOUT_REDIS,
    ])
    return { isFirst: rows[0]?.first === true, release: () => client.end() }
  } catch (error) {
    client.end().catch(() => {})
    throw error
  }
}
