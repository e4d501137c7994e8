import type { Pool } from 'pg'
import type { ChannelId } from '../../core/ids.ts'
import type { ChannelDirectory } from '../../ports/channel-directory.ts'

export type Counter = Parameters<ChannelDirectory['count']>[1]
export type Counts = Record<Counter, number>

export type CounterWriter = (counts: ReadonlyMap<ChannelId, Counts>) => Promise<void>

export type ChannelCounters = Readonly<{ count: ChannelDirectory['count']; close(): Promise<void> }>

const NONE: Counts = { badSignatures: 0, unroutable: 0, unknown: 0, quarantined: 0 }

/** Collects counts and writes them together; what could not be written is tried again with the next ones. */
export function createChannelCounters(write: CounterWriter, everyMs = 1_000): ChannelCounters {
  let waiting = new Map<ChannelId, Counts>()
  let timer: NodeJS.Timeout | null = null
  let writing: Promise<void> = Promise.resolve()

  const add = (id: ChannelId, counts: Partial<Counts>) => {
    const now = waiting.get(id) ?? NONE
    const sum = { ...now }
    for (const key of Object.keys(NONE) as Counter[]) sum[key] += counts[key] ?? 0
    waiting.set(id, sum)
  }
  const schedule = () => {
    timer ??= setTimeout(() => {
      timer = null
      writing = flush()
    }, everyMs).unref()
  }
  const flush = async () => {
    if (waiting.size === 0) return
    const taken = waiting
    waiting = new Map()
    try {
      await write(taken)
    } catch {
      for (const [id, counts] of taken) add(id, counts)
      schedule()
    }
  }
  return {
    count(id, what, by = 1) {
      add(id, { [what]: by })
      schedule()
    },
    async close() {
      await writing
      await flush()
      if (timer !== null) clearTimeout(timer)
    },
  }
}

/** In the order of their ids, so that two processes cannot wait for each other. */
export const countInto =
  (pool: Pool): CounterWriter =>
  async (counts) => {
    const rows = [...counts].map(([id, count]) => ({ id, ...count })).sort((a, b) => (a.id < b.id ? -1 : 1))
    await pool.query(
      `with r as materialized (
         select h.channel_id, r.* from json_to_recordset($1::json)
           as r (id uuid, "badSignatures" bigint, unroutable bigint, unknown bigint, quarantined bigint)
         join channel_health h on h.channel_id = r.id order by h.channel_id for update of h)
       update channel_health h set bad_signatures = h.bad_signatures + r."badSignatures", unroutable = h.unroutable + r.unroutable,
         unknown = h.unknown + r.unknown, quarantined = h.quarantined + r.quarantined
       from r where h.channel_id = r.channel_id`,
      [JSON.stringify(rows)],
    )
  }
