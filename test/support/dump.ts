import { createClient } from 'redis'
import type { DatabaseTarget } from '../../src/adapters/persistence/connection.ts'
import { onServer } from './template.ts'

export type Found = Readonly<{ where: string; what: string }>

/** As it is, and as a dump shows bytes. */
export const formsOf = (word: string): readonly string[] => [
  word,
  Buffer.from(word).toString('hex'),
  Buffer.from(word).toString('base64').replace(/=+$/, '').slice(0, -1),
]

/** Where in a text these words are, whatever the form. */
export const hits = (where: string, text: string, words: Readonly<Record<string, string>>): Found[] =>
  Object.entries(words).flatMap(([what, word]) =>
    formsOf(word)
      .filter((form) => text.includes(form))
      .map((form) => ({ where, what: `${what} as ${form.slice(0, 12)}…` })),
  )

/** Every row of every table, as JSON. */
export const allRows = (admin: DatabaseTarget): Promise<readonly Readonly<{ table: string; row: string }>[]> =>
  onServer(admin, async (client) => {
    const tables = await client.query<{ name: string }>(
      `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    )
    const rows: { table: string; row: string }[] = []
    for (const { name: table } of tables.rows) {
      const found = await client.query<{ row: string }>(`select to_jsonb(t)::text as row from ${table} t`)
      rows.push(...found.rows.map(({ row }) => ({ table, row })))
    }
    return rows
  })

/** Names and values of everything in Redis under a prefix. */
export async function allInRedis(prefix: string): Promise<string> {
  const redis = createClient({ url: process.env['TEST_REDIS_URL'] ?? '' })
  await redis.connect()
  const names = await redis.keys(`${prefix}:*`)
  const values = await Promise.all(names.map((name) => redis.dump(name).then((value) => String(value))))
  await redis.close()
  return [...names, ...values].join('\n')
}
