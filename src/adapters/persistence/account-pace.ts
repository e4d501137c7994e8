import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { AccountPace } from '../../ports/account-pace.ts'

const TURN = `
insert into account_paces as p (platform, account, next_call_at) values ($1, $2, now() + $3::float8 * interval '1 millisecond')
on conflict (platform, account) do update
  set next_call_at = greatest(p.next_call_at, now()) + $3::float8 * interval '1 millisecond'
returning extract(epoch from next_call_at - now()) * 1000 - $3::float8 as wait_ms`

const POSTPONE = `
insert into account_paces as p (platform, account, next_call_at) values ($1, $2, now() + $3::float8 * interval '1 millisecond')
on conflict (platform, account) do update
  set next_call_at = greatest(p.next_call_at, now() + $3::float8 * interval '1 millisecond')`

/** Turns are given by the database's clock, each caller waits for its own outside of any transaction. */
export const createAccountPace = (pool: pg.Pool): AccountPace => ({
  async turn({ platform, account }, everyMs, signal) {
    const { rows } = await pool.query<{ wait_ms: string }>(TURN, [platform, account, everyMs])
    const waitMs = Math.ceil(Number(rows[0]?.wait_ms ?? 0))
    if (waitMs > 0) await pause(waitMs, undefined, { signal }).catch(() => {})
  },
  async postpone({ platform, account }, byMs) {
    await pool.query(POSTPONE, [platform, account, byMs])
  },
})
