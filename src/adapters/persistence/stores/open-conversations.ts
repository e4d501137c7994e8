import type { Thread } from '../../../core/channel/inbound-event.ts'
import type { ChannelId, ConversationId, CustomerId } from '../../../core/ids.ts'
import type { IdSource } from '../../../ports/id-source.ts'
import type { GivenNames, IntakeRequest, KnownThreads } from '../../../ports/intake-store.ts'
import type { Tx } from '../transaction.ts'
import { recordset } from './insert-rows.ts'

type DatedThread = Thread & { at: Date }

/**
 * Who of these people and which of their conversations are there, looked up one by one: joined, a channel that grew since the planner last
 * looked would be read whole.
 */
export async function lookUpThreads(tx: Tx, channelId: ChannelId, threads: readonly Thread[]): Promise<KnownThreads> {
  if (threads.length === 0) return { customers: new Map(), conversations: new Map() }
  const [customers, known] = await Promise.all([
    identities(tx, channelId, [...new Set(threads.map(({ person }) => person.externalId))]),
    conversations(tx, channelId, threads),
  ])
  return { customers, conversations: known }
}

/** Makes the people and conversations that are missing, each insert in sorted order so that workers cannot deadlock. */
export async function openConversations(
  tx: Tx,
  ids: IdSource,
  channelId: ChannelId,
  { threads, names }: Pick<IntakeRequest, 'threads' | 'names'>,
  known: KnownThreads,
): Promise<{ conversationIds: ConversationId[]; newCustomers: CustomerId[] }> {
  if (threads.length === 0) return { conversationIds: [], newCustomers: [] }
  const { customers, made } = await people(tx, ids, channelId, threads, known.customers)
  learnNames(tx, channelId, names)
  const keys = [...threads].sort((a, b) => compare(a.surface, b.surface) || compare(a.key, b.key))
  const idsIn = (found: KnownThreads['conversations']) => keys.flatMap((thread) => found.get(nameOf(thread)) ?? [])
  const missing = keys.filter((thread) => !known.conversations.has(nameOf(thread)))
  if (missing.length === 0) return { conversationIds: idsIn(known.conversations), newCustomers: made }
  tx.write(
    `insert into conversations (id, org_id, channel_id, customer_id, surface, external_key)
     select id, $2, $3, customer_id, surface, external_key
     from ${recordset('$1', { id: 'uuid', customer_id: 'uuid', surface: 'text', external_key: 'text' })}
     on conflict (org_id, channel_id, surface, external_key) do nothing`,
    [
      JSON.stringify(
        missing.map((thread) => ({
          id: ids.next(),
          customer_id: customers.get(thread.person.externalId),
          surface: thread.surface,
          external_key: thread.key,
        })),
      ),
      tx.orgId,
      channelId,
    ],
  )
  // What another worker made meanwhile counts as well.
  return { conversationIds: idsIn(await conversations(tx, channelId, keys)), newCustomers: made }
}

async function people(
  tx: Tx,
  ids: IdSource,
  channelId: ChannelId,
  threads: readonly DatedThread[],
  known: KnownThreads['customers'],
) {
  const byPerson = new Map<string, DatedThread>()
  for (const thread of threads) {
    const other = byPerson.get(thread.person.externalId)
    if (!other || other.at < thread.at) byPerson.set(thread.person.externalId, thread)
  }
  const sorted = [...byPerson.keys()].sort(compare)
  const missing = sorted.filter((externalId) => !known.has(externalId))
  if (missing.length === 0) return { customers: known, made: [] }
  const newcomers = missing.map((externalId) => byPerson.get(externalId) as DatedThread)
  const made = await insertPeople(tx, ids, channelId, newcomers)
  return { customers: await identities(tx, channelId, sorted), made }
}

async function identities(
  tx: Tx,
  channelId: ChannelId,
  externalIds: readonly string[],
): Promise<Map<string, CustomerId>> {
  const found = await tx.rows<{ external_id: string; customer_id: CustomerId }>(
    `select i.external_id, i.customer_id from unnest($3::text[]) as e (id)
     cross join lateral (select external_id, customer_id from customer_identities
       where org_id = $1 and channel_id = $2 and external_id = e.id limit 1) i`,
    [tx.orgId, channelId, externalIds],
  )
  return new Map(found.map((row) => [row.external_id, row.customer_id]))
}

/** The identity decides who wins; its customer is made in the same statement (foreign keys are checked at its end). */
async function insertPeople(
  tx: Tx,
  ids: IdSource,
  channelId: ChannelId,
  missing: readonly DatedThread[],
): Promise<CustomerId[]> {
  const made = await tx.rows<{ id: CustomerId }>(
    `with input as materialized (
       select * from ${recordset('$1', { identity_id: 'uuid', customer_id: 'uuid', external_id: 'text', at: 'timestamptz(3)' })}
     ), made as (
       insert into customer_identities (id, org_id, channel_id, customer_id, external_id)
       select identity_id, $2, $3, customer_id, external_id from input
       on conflict (org_id, channel_id, external_id) do nothing returning customer_id
     )
     insert into customers (id, org_id, channel_id, last_seen_at, seen)
     select customer_id, $2, $3, input.at, false from made join input using (customer_id) returning id`,
    [
      JSON.stringify(
        missing.map(({ person, at }) => ({
          identity_id: ids.next(),
          customer_id: ids.next(),
          external_id: person.externalId,
          at,
        })),
      ),
      tx.orgId,
      channelId,
    ],
  )
  return made.map(({ id }) => id)
}

/**
 * The newest by the platform's time wins, of one time the greater, and a name never goes away. Each name has its own time: one
 * may be told without the other. Locked in sorted order, as everything here.
 */
function learnNames(tx: Tx, channelId: ChannelId, names: readonly GivenNames[]): void {
  if (names.length === 0) return
  tx.write(
    `with newer as (
       select r.external_id, r.username, r.username_at, r.name, r.name_at, ${isNewer('username')} as new_username, ${isNewer('name')} as new_name
       from ${recordset('$1', { external_id: 'text', username: 'text', username_at: 'timestamptz(3)', name: 'text', name_at: 'timestamptz(3)' })}
       join customer_identities i on i.org_id = $2 and i.channel_id = $3 and i.external_id = any($4)
         and i.external_id = r.external_id
       where ${isNewer('username')} or ${isNewer('name')}
       order by i.external_id for no key update of i)
     update customer_identities i
     set username = case when new_username then newer.username else i.username end,
       username_at = case when new_username then newer.username_at else i.username_at end,
       name = case when new_name then newer.name else i.name end,
       name_at = case when new_name then newer.name_at else i.name_at end
     from newer where i.org_id = $2 and i.channel_id = $3 and i.external_id = any($4) and i.external_id = newer.external_id`,
    [
      JSON.stringify(
        names.map(({ externalId, username, name }) => ({
          external_id: externalId,
          username: username?.is,
          username_at: username?.at,
          name: name?.is,
          name_at: name?.at,
        })),
      ),
      tx.orgId,
      channelId,
      names.map(({ externalId }) => externalId),
    ],
  )
}

const isNewer = (name: 'username' | 'name'): string =>
  `(r.${name} is not null and (i.${name}_at is null or i.${name}_at < r.${name}_at
     or i.${name}_at = r.${name}_at and coalesce(i.${name}, '') collate "C" < r.${name}))`

async function conversations(
  tx: Tx,
  channelId: ChannelId,
  threads: readonly Thread[],
): Promise<Map<string, ConversationId>> {
  const found = await tx.rows<{ id: ConversationId; surface: Thread['surface']; external_key: string }>(
    `select c.id, c.surface, c.external_key from unnest($3::text[], $4::text[]) as t (surface, external_key)
     cross join lateral (select id, surface, external_key from conversations
       where org_id = $1 and channel_id = $2 and surface = t.surface and external_key = t.external_key limit 1) c`,
    [tx.orgId, channelId, threads.map(({ surface }) => surface), threads.map(({ key }) => key)],
  )
  return new Map(found.map((row) => [nameOf({ surface: row.surface, key: row.external_key }), row.id]))
}

const nameOf = ({ surface, key }: Pick<Thread, 'surface' | 'key'>): string => `${surface} ${key}`

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
