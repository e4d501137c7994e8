import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { DatabaseTarget } from '../../../src/adapters/persistence/connection.ts'
import { tablesOfOrganizations } from '../../support/catalogue.ts'
import { onServer } from '../../support/template.ts'

/** By table, but for when a key was last used, how many rows an organization has there and a digest of all that is in them. */
export type RowsOf = Readonly<Record<string, string>>

export const rowsOf = (admin: DatabaseTarget, orgId: string): Promise<RowsOf> =>
  onServer(admin, async (server) => {
    const found: Record<string, string> = {}
    const tables = (await tablesOfOrganizations(server)).map(({ table }) => [table, 'org_id'])
    for (const [table, column] of [['organizations', 'id'], ...tables]) {
      const { rows } = await server.query(
        `select count(*) || ' ' || coalesce(md5(string_agg(r, E'\\n' order by r)), '') as all
         from ${table} t, lateral (select (to_jsonb(t) - 'last_used_at')::text as r) as r where ${column} = $1`,
        [orgId],
      )
      found[table!] = rows[0].all
    }
    return found
  })

/** Once what was begun before is done, and its events have their numbers. */
export async function rowsAtRest(admin: DatabaseTarget, orgId: string): Promise<RowsOf> {
  for (let last = await rowsOf(admin, orgId), tries = 0; tries < 30; tries++) {
    await sleep(400)
    const now = await rowsOf(admin, orgId)
    if (isDeepStrictEqual(now, last)) return now
    last = now
  }
  throw new Error('it does not come to rest')
}
