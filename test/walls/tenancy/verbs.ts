import type { Pool, PoolClient } from 'pg'
import { codeOf } from '../../../src/adapters/postgres-kit/errors.ts'

/** A table whose rows belong to organizations, and the column that says to which. */
export type Owned = Readonly<{ table: string; column: string }>

/** What somebody in one context tries with the rows of another organization. `$1` is whose they are. */
export type Try = Readonly<{ verb: string; text: string; params: readonly unknown[] }>

export const REFUSED = '42501'

/** Every verb of SQL on a table, against the rows of `theirs`; `row` is one of them, as the owner of the table reads it. */
export function triesOf({ table, column }: Owned, theirs: string, own: string | null, row: object): readonly Try[] {
  const columns = Object.keys(row).join(', ')
  const inserted = `insert into ${table} (${columns}) overriding system value select ${columns} from jsonb_populate_record(null::${table}, $1)`
  const json = JSON.stringify(row)
  const tries: Try[] = [
    { verb: 'select', text: `select ${column} from ${table} where ${column} = $1`, params: [theirs] },
    { verb: 'select all', text: `select ${column} from ${table} where ${column}::text = $1::text`, params: [theirs] },
    { verb: 'lock', text: `select ${column} from ${table} where ${column} = $1 for update`, params: [theirs] },
    { verb: 'update', text: `update ${table} set ${column} = ${column} where ${column} = $1`, params: [theirs] },
    { verb: 'delete', text: `delete from ${table} where ${column} = $1`, params: [theirs] },
    { verb: 'insert', text: inserted, params: [json] },
    { verb: 'upsert', text: `${inserted} on conflict do nothing`, params: [json] },
    { verb: 'truncate', text: `truncate ${table} cascade`, params: [] },
  ]
  if (own === null) return tries
  return [
    ...tries,
    { verb: 'take', text: `update ${table} set ${column} = $2 where ${column} = $1`, params: [theirs, own] },
    { verb: 'give', text: `update ${table} set ${column} = $1 where ${column} = $2`, params: [theirs, own] },
  ]
}

/** How many rows came or were touched, or the code of the refusal. What is done is committed: nothing hides behind an undo. */
export async function attempt(pool: Pool, context: string | null, { text, params }: Try): Promise<number | string> {
  const client: PoolClient = await pool.connect()
  try {
    await client.query('begin')
    if (context !== null) await client.query(`select set_config('app.org_id', $1, true)`, [context])
    const { rowCount } = await client.query(text, [...params])
    await client.query('commit')
    return rowCount ?? 0
  } catch (error) {
    await client.query('rollback')
    return codeOf(error) ?? String(error)
  } finally {
    client.release()
  }
}
