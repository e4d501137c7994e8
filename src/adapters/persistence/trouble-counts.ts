import type { Pool } from 'pg'
import type { CountTrouble } from '../../ports/trouble-counts.ts'
import { runStatement } from '../postgres-kit/statement.ts'

/** By partial indexes, however much there is besides. */
const COUNTS = `
select coalesce((select jsonb_object_agg(queue, n) from
    (select queue, count(*)::int as n from jobs where state = 'DEAD' group by queue) dead), '{}') as "deadLetters",
  (select jsonb_build_object('sending', count(*) filter (where status = 'SENDING'),
    'unknown', count(*) filter (where status = 'UNKNOWN')) from messages where status in ('SENDING', 'UNKNOWN')) as replies,
  (select coalesce(sum(quarantined), 0)::float8 from channel_health) as quarantined`

const PATIENCE_MS = 2_000

/** Sessions of the pool run as `dc_system`. */
export const createTroubleCounts =
  (pool: Pool): CountTrouble =>
  async () => {
    const { rows } = await runStatement<Awaited<ReturnType<CountTrouble>>>(pool, COUNTS, [], PATIENCE_MS)
    if (rows[0] === undefined) throw new Error('a count without a row')
    return rows[0]
  }
