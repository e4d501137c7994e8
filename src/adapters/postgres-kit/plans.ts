import type { Pool, PoolClient } from 'pg'

/**
 * A connection plans a prepared statement, and the look-up behind a foreign key, once, and keeps that plan until the table is analyzed.
 * Planned while the table was empty, it reads all that an organization has, for each row that is written: so a new installation got slower
 * by the square of what came. So plans are made anew after 4, 8, 16 uses of a connection and so on, and after this time at the latest: what
 * others fill meanwhile, and what a connection fills after many uses that were of something else.
 */
const PLANS_FOR_MS = 20_000
/** The first plans last for so few times. */
const FIRST_PLANS_FOR_USES = 4

/** Texts that were run less often are not worth a place on the server, for each connection. */
const PREPARED_FROM_RUN = 3
/** So many different ones: what is put together for each call would fill the server's memory. */
const MOST_PREPARED = 300

/**
 * Statements with parameters are prepared from their third run on: planning takes longer than running for most of ours, which are of many
 * tables and find few rows. All plans of a connection are made anew when it was taken twice as often as when they were made, and every
 * `plansForMs`.
 */
export function keepPlans(pool: Pool, plansForMs = PLANS_FOR_MS): void {
  const nameOf = createNames()
  pool.on('connect', (client) => prepare(client, nameOf))
  pool.on('acquire', planAnew(plansForMs))
}

function prepare(client: PoolClient, nameOf: (text: string) => string | undefined): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const prepared = (...args: unknown[]) => {
    const [text, values, ...rest] = args
    const name = typeof text === 'string' && Array.isArray(values) && values.length > 0 ? nameOf(text) : undefined
    return name === undefined ? query(...args) : query({ name, text, values }, ...rest)
  }
  client.query = prepared as typeof client.query
}

function createNames(): (text: string) => string | undefined {
  const known = new Map<string, { runs: number; name: string }>()
  return (text) => {
    // Of all columns: a migration that adds one changes the result, which a prepared statement may not.
    if (text.includes('.*')) return undefined
    let one = known.get(text)
    if (one === undefined) {
      if (known.size >= MOST_PREPARED) return undefined
      one = { runs: 0, name: `s${known.size}` }
      known.set(text, one)
    }
    one.runs += 1
    return one.runs < PREPARED_FROM_RUN ? undefined : one.name
  }
}

/** Ahead of whatever the connection was taken for; should it fail, that fails as well. */
function planAnew(everyMs: number): (client: PoolClient) => void {
  const plans = new WeakMap<PoolClient, { uses: number; dueAtUse: number; dueAtMs: number }>()
  return (client) => {
    const nowMs = performance.now()
    const known = plans.get(client)
    if (known === undefined) {
      plans.set(client, { uses: 0, dueAtUse: FIRST_PLANS_FOR_USES, dueAtMs: nowMs + everyMs })
      return
    }
    known.uses += 1
    if (known.uses < known.dueAtUse && nowMs < known.dueAtMs) return
    known.dueAtUse = 2 * known.uses
    known.dueAtMs = nowMs + everyMs
    client.query('discard plans').catch(() => {})
  }
}
