import type { SystemTx, Tx } from '../transaction.ts'

/** Column name to SQL type; names come from this program only, never from input. */
type Columns = Readonly<Record<string, string>>

/**
 * Sends one statement with one parameter for any number of rows, and does not wait for it (`tx.write`). A value is what JSON makes of it: Dates become RFC 3339
 * text, objects go into jsonb columns.
 */
export function insertRows<C extends Columns>(
  tx: SystemTx,
  table: string,
  columns: C,
  rows: readonly Readonly<Record<keyof C, unknown>>[],
  onConflict = '',
): void {
  if (rows.length === 0) return
  const names = Object.keys(columns).join(', ')
  tx.write(`insert into ${table} (${names}) select ${names} from ${recordset('$1', columns)} ${onConflict}`, [
    JSON.stringify(rows),
  ])
}

type RowChange<C extends Columns> = Readonly<{
  /** From the row `t` as it is and the row `r` that is handed in; `$4` and so on are `params`. */
  set: string
  /** Which ones change; every one where it is left out. */
  where?: string
  columns: C
  rows: readonly (Readonly<Record<keyof C, unknown>> & Readonly<{ id: string }>)[]
  params?: readonly unknown[]
}>

/**
 * Sends one statement that changes rows of the organization by their ids, any number of them, and does not wait for it (`tx.write`). The
 * ids go along by themselves as well: joined to the rows that are handed in alone, all that the organization has is read for a few of it.
 */
export function updateRows<C extends Columns>(
  tx: Tx,
  table: string,
  { set, where = 'true', columns, rows, params = [] }: RowChange<C>,
): void {
  if (rows.length === 0) return
  tx.write(
    `update ${table} t set ${set} from ${recordset('$1', { id: 'uuid', ...columns })}
     where t.org_id = $2 and t.id = any($3) and t.id = r.id and (${where})`,
    [JSON.stringify(rows), tx.orgId, rows.map(({ id }) => id), ...params],
  )
}

/** `json_to_recordset` over a parameter, with the columns' types. */
export const recordset = (parameter: string, columns: Columns, alias = 'r'): string =>
  `json_to_recordset(${parameter}::json) as ${alias} (${Object.entries(columns)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')})`
