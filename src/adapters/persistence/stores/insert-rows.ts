import type { SystemTx } from '../transaction.ts'

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

/** `json_to_recordset` over a parameter, with the columns' types. */
export const recordset = (parameter: string, columns: Columns, alias = 'r'): string =>
  `json_to_recordset(${parameter}::json) as ${alias} (${Object.entries(columns)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')})`
