import type { OrgId } from '../../core/ids.ts'
import type { IdSource } from '../../ports/id-source.ts'
import type { KeyRotation, RotationOutcome, SealedCount, SealedRow } from '../../ports/key-rotation.ts'
import type { SealedPlace, SecretBox } from '../../ports/secret-box.ts'
import { SEALED_TABLES, type SealedTable } from './sealed-places.ts'
import { asSystem, inOrganization, type Orm, readInOrganization, type Tx } from './transaction.ts'
import { withRetries } from './unit-of-work.ts'

/** Rows of one transaction: few round trips, and no lock that anybody would notice. */
const BATCH = 100
const ORGANIZATIONS = 1_000

type Deps = Readonly<{ orm: Orm; secretBox: SecretBox; ids: IdSource; batch?: number }>
type Row = Readonly<{ key: readonly string[]; sealed: string }>
type Anew = Row & Readonly<{ resealed: string }>
type Counted = Omit<SealedCount, 'values'>

/** Organization by organization, as everything that touches their rows: no role needs to see them all. */
export const createKeyRotation = ({ orm, secretBox, ids, batch = BATCH }: Deps): KeyRotation => ({
  async rotate(): Promise<RotationOutcome> {
    const [keyId] = secretBox.keyIds
    if (keyId === undefined) return { status: 'no-key' }
    const before = await count(orm, secretBox, batch)
    const inUse = new Set(before.counts.flatMap((counted) => counted.keyId ?? []))
    const missing = [...inUse].filter((id) => !secretBox.keyIds.includes(id)).sort()
    if (missing.length > 0) return { status: 'keys-missing', keyIds: missing, counts: before.counts }
    const unusedIn = (counts: readonly SealedCount[]) =>
      secretBox.keyIds.filter((id) => id !== keyId && !counts.some((counted) => counted.keyId === id))
    if (before.outdated.length === 0) {
      const { counts } = before
      return { status: 'rotated', keyId, rewrapped: [], unused: unusedIn(counts), counts, unreadable: [] }
    }

    // Before the first change, so that a rotation that is broken off is in the log as well.
    await note(orm, ids)
    const changed: Counted[] = []
    const unreadable: SealedRow[] = []
    for (const orgId of before.outdated) {
      for await (const { table, rows } of pages(orm, orgId, batch)) {
        const page = rewrap(table, orgId, secretBox, rows)
        unreadable.push(...page.unreadable.map(({ key }) => ({ orgId, table: table.table, row: key.join(' ') })))
        const done = await withRetries(() => inOrganization(orm, orgId, (tx) => replace(tx, table, page.anew)))
        changed.push(...done.map((sealed) => ({ table: table.table, ...keyOf(secretBox, sealed) })))
      }
    }
    const { counts } = await count(orm, secretBox, batch)
    return { status: 'rotated', keyId, rewrapped: tally(changed), unused: unusedIn(counts), counts, unreadable }
  },
})

/** What there is, and the organizations that have something to do. */
async function count(orm: Orm, secretBox: SecretBox, batch: number) {
  let counts: readonly SealedCount[] = []
  const outdated: OrgId[] = []
  for await (const orgId of organizations(orm)) {
    const found: Counted[] = []
    for await (const { table, rows } of pages(orm, orgId, batch))
      found.push(...rows.map(({ sealed }) => ({ table: table.table, ...keyOf(secretBox, sealed) })))
    if (found.some(({ isCurrent }) => !isCurrent)) outdated.push(orgId)
    counts = tally(found, counts)
  }
  return { counts, outdated }
}

const keyOf = (secretBox: SecretBox, sealed: string) => secretBox.inspect(sealed) ?? { keyId: null, isCurrent: false }

function tally(found: readonly Counted[], before: readonly SealedCount[] = []): readonly SealedCount[] {
  const nameOf = ({ table, keyId, isCurrent }: Counted) => JSON.stringify([table, keyId, isCurrent])
  const counts = new Map(before.map((counted) => [nameOf(counted), counted]))
  for (const one of found) {
    const name = nameOf(one)
    counts.set(name, { ...one, values: (counts.get(name)?.values ?? 0) + 1 })
  }
  return [...counts.values()]
}

/** An organization's rows, some at a time; those that come while it goes through them may be among them or not. */
async function* pages(orm: Orm, orgId: OrgId, batch: number) {
  for (const table of SEALED_TABLES) {
    for (let after: readonly string[] = [], isLast = false; !isLast; ) {
      const rows = await readInOrganization(orm, orgId, (tx) => read(tx, table, after, batch))
      if (rows.length > 0) yield { table, rows }
      after = rows.at(-1)?.key ?? []
      isLast = rows.length < batch
    }
  }
}

async function* organizations(orm: Orm): AsyncGenerator<OrgId> {
  for (let after: string | null = null; ; ) {
    const rows: { id: OrgId }[] = await asSystem(orm, (tx) =>
      tx.rows('select id from organizations where $1::uuid is null or id > $1::uuid order by id limit $2', [
        after,
        ORGANIZATIONS,
      ]),
    )
    for (const { id } of rows) yield id
    after = rows.at(-1)?.id ?? null
    if (rows.length < ORGANIZATIONS) return
  }
}

/** The next rows in the order of their key, those before and at `after` left out. */
function read(tx: Tx, { table, key }: SealedTable, after: readonly string[], batch: number): Promise<readonly Row[]> {
  const beyond = key.map(([, type], index) => `$${index + 3}::${type}`).join(', ')
  return tx.rows<Row>(
    `select array[${key.map(([name]) => `${name}::text`).join(', ')}] as key, sealed from ${table}
     where org_id = $1 and sealed is not null ${after.length > 0 ? `and (${namesOf(key)}) > (${beyond})` : ''}
     order by ${namesOf(key)} limit $2`,
    [tx.orgId, batch, ...after],
  )
}

/** Seals anew what is not as it would be sealed now. */
function rewrap({ place }: SealedTable, orgId: OrgId, secretBox: SecretBox, rows: readonly Row[]) {
  const anew: Anew[] = []
  const unreadable: Row[] = []
  for (const row of rows) {
    if (secretBox.inspect(row.sealed)?.isCurrent) continue
    const at = place(orgId, row.key)
    const plaintext = opened(secretBox, row.sealed, at)
    if (plaintext === null) unreadable.push(row)
    else anew.push({ ...row, resealed: secretBox.seal(plaintext, at) })
  }
  return { anew, unreadable }
}

function opened(secretBox: SecretBox, sealed: string, at: SealedPlace): string | null {
  try {
    return secretBox.open(sealed, at)
  } catch {
    return null
  }
}

/** Each row only if it still is what was read; answers what was there before in those that were changed. */
async function replace(tx: Tx, { table, key }: SealedTable, anew: readonly Anew[]): Promise<readonly string[]> {
  if (anew.length === 0) return []
  const lists = key.map(([, type], index) => `$${index + 4}::${type}[]`)
  const changed = await tx.rows<{ sealed: string }>(
    `update ${table} t set sealed = anew.resealed
     from unnest($2::text[], $3::text[], ${lists.join(', ')}) as anew (sealed, resealed, ${namesOf(key)})
     where t.org_id = $1 and t.sealed = anew.sealed and ${key.map(([name]) => `t.${name} = anew.${name}`).join(' and ')}
     returning anew.sealed`,
    [
      tx.orgId,
      anew.map(({ sealed }) => sealed),
      anew.map(({ resealed }) => resealed),
      ...key.map((_, index) => anew.map((row) => row.key[index])),
    ],
  )
  return changed.map(({ sealed }) => sealed)
}

const namesOf = (key: SealedTable['key']): string => key.map(([name]) => name).join(', ')

const note = (orm: Orm, ids: IdSource): Promise<unknown> =>
  asSystem(orm, (tx) =>
    tx.affected(
      `insert into audit_log (id, actor_type, action, resource_type)
       values ($1, 'SYSTEM', 'encryption-keys.rotated', 'installation')`,
      [ids.next()],
    ),
  )
