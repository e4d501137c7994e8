import type { Client } from 'pg'

/** What the schema itself says, asked as the owner: tests made from it cover tables that nobody thought of here. */
export async function tablesOfOrganizations(
  client: Client,
): Promise<{ table: string; secured: boolean; appPolicy: boolean }[]> {
  const { rows } = await client.query(`
    select c.relname as table, c.relrowsecurity as secured,
      exists (select from pg_policy p where p.polrelid = c.oid and 'dc_app'::regrole = any (p.polroles)
        and pg_get_expr(p.polqual, p.polrelid) like '%app.org_id%' and p.polpermissive) as "appPolicy"
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped)
    order by 1`)
  return rows
}

export type ForeignKey = {
  name: string
  child: string
  parent: string
  columns: string[]
  parentColumns: string[]
  parentHasOrg: boolean
}

/** Every foreign key of a table that belongs to organizations. */
export async function foreignKeys(client: Client): Promise<ForeignKey[]> {
  const names = (relation: string, keys: string) =>
    `(select jsonb_agg(a.attname order by k.i) from unnest(${keys}) with ordinality k (attnum, i)
      join pg_attribute a on a.attrelid = ${relation} and a.attnum = k.attnum)`
  const hasOrg = (relation: string) =>
    `exists (select from pg_attribute a where a.attrelid = ${relation} and a.attname = 'org_id')`
  const { rows } = await client.query(`
    select conname as name, conrelid::regclass::text as child, confrelid::regclass::text as parent,
      ${names('conrelid', 'conkey')} as columns, ${names('confrelid', 'confkey')} as "parentColumns", ${hasOrg('confrelid')} as "parentHasOrg"
    from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace and ${hasOrg('conrelid')} order by 1`)
  return rows
}
