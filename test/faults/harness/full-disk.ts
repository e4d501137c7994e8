import { escapeIdentifier } from 'pg'
import type { DatabaseTarget } from '../../../src/adapters/persistence/connection.ts'
import { onServer } from '../../support/template.ts'

/**
 * From now on the database says what it says when its disk is full (SQLSTATE 53100) to whoever inserts such rows, those for which
 * `when` holds of `new`. Resolves to what makes room again, as often as it is called.
 */
export async function fillDisk(admin: DatabaseTarget, table: string, when = 'true'): Promise<() => Promise<void>> {
  const [name, on] = [escapeIdentifier(`full_disk_${table}`), escapeIdentifier(table)]
  const run = async (text: string) => void (await onServer(admin, (client) => client.query(text)))
  await run(`create function ${name}() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
    create trigger ${name} before insert on ${on} for each row when (${when}) execute function ${name}()`)
  return () => run(`drop trigger if exists ${name} on ${on}; drop function if exists ${name}`)
}
