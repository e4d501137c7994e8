import test from 'ava'
import { instagramParser } from '../../src/adapters/instagram/inbound-parser.ts'
import type { RawEventId } from '../../src/core/ids.ts'
import type { RawDelivery } from '../../src/ports/webhook-intake.ts'
import { coreOn, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { inboxState } from '../support/inbox-state.ts'
import { ids } from '../support/seed.ts'
import { onServer } from '../support/template.ts'

const CUSTOMER = '2100000000000345'
const WORDS = 'embarrassing'
const PICTURE = 'https://cdn.example/embarrassing-picture'

type Item = Readonly<Record<string, unknown>>

const inbound = (account: string, at: number, payload: Item): Item => ({
  sender: { id: CUSTOMER },
  recipient: { id: account },
  timestamp: at,
  ...payload,
})
const outbound = (account: string, at: number, payload: Item): Item => ({
  sender: { id: account },
  recipient: { id: CUSTOMER },
  timestamp: at,
  ...payload,
})

const AT = 1_772_366_400_000

const bodyOf = (account: string, items: readonly Item[]) =>
  JSON.stringify({ object: 'instagram', entry: [{ id: account, time: AT, messaging: items }] })

/** All that a customer and the account's owner said and took back, and what stays. */
const story = (account: string) => ({
  first: inbound(account, AT, { message: { mid: 'm.1', text: `${WORDS} one` } }),
  kept: inbound(account, AT + 1, { message: { mid: 'm.2', text: 'this one stays' } }),
  edited: inbound(account, AT + 2, { message_edit: { mid: 'm.1', text: `${WORDS} edited`, num_edit: 1 } }),
  picture: inbound(account, AT + 3, {
    message: { mid: 'm.3', attachments: [{ type: 'image', payload: { url: PICTURE, title: WORDS } }] },
  }),
  echo: outbound(account, AT + 4, { message: { mid: 'm.4', text: `${WORDS} from the phone`, is_echo: true } }),
  unsends: ['m.1', 'm.3'].map((mid) => inbound(account, AT + 9, { message: { mid, is_deleted: true } })),
  unsendOfEcho: outbound(account, AT + 9, { message: { mid: 'm.4', is_echo: true, is_deleted: true } }),
})

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const program = () => coreOn(db, { parser: instagramParser })

  const deliveriesOf = async (inbox: Inbox, told: readonly (readonly Item[])[]): Promise<RawDelivery[]> =>
    told.map((items) => ({
      id: ids.next() as RawEventId,
      orgId: inbox.orgId,
      channelId: inbox.channelId,
      body: Buffer.from(bodyOf(inbox.account, items)),
      verified: true,
      receivedAt: new Date(AT + 60_000),
      requestId: 'a-request',
    }))

  /** Every value of every table, as text; bytes as the text they are. */
  const everything = () =>
    onServer(db.admin, async (client) => {
      const { rows: columns } = await client.query<{ table_name: string; column_name: string; data_type: string }>(
        `select table_name, column_name, data_type from information_schema.columns c join information_schema.tables t
           using (table_schema, table_name) where table_schema = 'public' and table_type = 'BASE TABLE'`,
      )
      const found: string[] = []
      for (const { table_name: table, column_name: column, data_type: type } of columns) {
        const value = type === 'bytea' ? `encode("${column}", 'escape')` : `"${column}"::text`
        const { rows } = await client.query<{ value: string }>(
          `select ${value} as value from "${table}" where ${value} ilike $1`,
          [`%${WORDS}%`],
        )
        found.push(...rows.map((row) => `${table}.${column}: ${row.value}`))
      }
      return found
    })

  const orders: Record<string, (told: ReturnType<typeof story>) => readonly (readonly Item[])[]> = {
    'unsent afterwards': (told) => [
      [told.first, told.kept],
      [told.edited],
      [told.picture, told.echo],
      [...told.unsends, told.unsendOfEcho],
    ],
    'unsent before it came': (told) => [
      [...told.unsends, told.unsendOfEcho],
      [told.edited],
      [told.first, told.kept],
      [told.echo, told.picture],
    ],
    'edited and unsent before it came': (told) => [
      [told.edited],
      [...told.unsends, told.unsendOfEcho],
      [told.first, told.kept],
      [told.echo, told.picture],
    ],
    'edited before it came, and delivered twice beside others': (told) => [
      [told.edited],
      [told.first],
      [told.first, told.kept, told.picture],
      [told.picture, told.echo, told.edited],
      [told.first],
      [...told.unsends, told.unsendOfEcho],
      [told.first, told.picture],
    ],
  }

  for (const [name, order] of Object.entries(orders)) {
    for (const together of [true, false]) {
      // proves: said.unsend-everywhere
      test.serial(
        `S138: ${profile}: ${name}${together ? ', in one batch' : ''}: no words of it are anywhere`,
        async (t) => {
          const { core, orm, queries } = program()
          const inbox = await seedInbox(orm)
          const told = story(inbox.account)
          const deliveries = await deliveriesOf(inbox, order(told))
          let isUnsent = false
          for (const batch of together ? [deliveries] : deliveries.map((one) => [one])) {
            await core.receiveWebhooks(batch)
            isUnsent ||= batch.some(({ body }) => Buffer.from(body).includes('is_deleted'))
            // From then on, whatever comes.
            if (isUnsent) t.deepEqual(await everything(), [])
          }
          const { threads } = await inboxState(queries, inbox.orgId)
          t.deepEqual(
            threads.flatMap(({ messages }) =>
              messages.map(({ externalId, content, deletedAt }) => [externalId, content, deletedAt !== null]),
            ),
            [
              ['m.1', null, true],
              ['m.2', 'this one stays', false],
              ['m.3', null, true],
              ['m.4', null, true],
            ],
          )
          // What its neighbours said can still be replayed.
          const kept = await onServer(db.admin, (client) =>
            client.query(
              `select 1 from raw_events where org_id = $1 and encode(body, 'escape') like '%this one stays%'`,
              [inbox.orgId],
            ),
          )
          t.true((kept.rowCount ?? 0) > 0)
        },
      )
    }
  }

  /** A body that the program could not read when it came. */
  const putAside = async (inbox: Inbox, body: string) => {
    const before = coreOn(db, { parser: { parse: () => ({ readable: false, reason: 'too-new' }) } })
    const [delivery] = await deliveriesOf(inbox, [[]])
    const held = { ...(delivery as RawDelivery), body: Buffer.from(body) }
    await before.core.receiveWebhooks([held])
    return held
  }
  const told = (account: string) => ({
    // As some writers escape a slash.
    words: bodyOf(account, [
      story(account).kept,
      inbound(account, AT, { message: { mid: 'm/1', text: WORDS } }),
    ]).replace('m/1', 'm\\/1'),
    unsend: [inbound(account, AT + 9, { message: { mid: 'm/1', is_deleted: true } })],
  })
  const bodyNow = async (inbox: Inbox, id: RawEventId) =>
    onServer(db.admin, async (client) => {
      const { rows } = await client.query<{ body: Buffer }>(
        'select body from raw_events where org_id = $1 and id = $2',
        [inbox.orgId, id],
      )
      return rows[0]?.body.toString()
    })

  test.serial(`${profile}: a body that was put aside loses the words of what is unsent later`, async (t) => {
    const { core, orm, queries } = program()
    const inbox = await seedInbox(orm)
    const { words, unsend } = told(inbox.account)
    const held = await putAside(inbox, words)
    const cut = await putAside(inbox, words.slice(0, -1))
    t.is((await everything()).length, 2)
    await core.receiveWebhooks(await deliveriesOf(inbox, [unsend]))
    t.deepEqual(await everything(), [])
    t.regex((await bodyNow(inbox, held.id)) ?? '', /this one stays/)
    // What cannot be read cannot be cleaned either.
    t.is(await bodyNow(inbox, cut.id), '')
    await core.replayRawEvent(inbox.actor, inbox.channelId, held.id)
    t.deepEqual(await everything(), [])
    const { threads } = await inboxState(queries, inbox.orgId)
    t.deepEqual(
      threads.flatMap(({ messages }) => messages.map(({ content }) => content)),
      [null, 'this one stays'],
    )
  })

  test.serial(`${profile}: a body that is put aside after the unsend is kept without the words`, async (t) => {
    const { core, orm } = program()
    const inbox = await seedInbox(orm)
    const { words, unsend } = told(inbox.account)
    await core.receiveWebhooks(await deliveriesOf(inbox, [unsend]))
    await putAside(inbox, words)
    t.deepEqual(await everything(), [])
  })

  test.serial(`${profile}: a body that was put aside and is replayed counts for a later unsend`, async (t) => {
    const { core, orm } = program()
    const inbox = await seedInbox(orm)
    const { words, unsend } = told(inbox.account)
    // All that it says comes by another body too.
    const held = await putAside(inbox, words)
    const [again] = await deliveriesOf(inbox, [[]])
    await core.receiveWebhooks([{ ...(again as RawDelivery), body: Buffer.from(words) }])
    await core.replayRawEvent(inbox.actor, inbox.channelId, held.id)
    await core.receiveWebhooks(await deliveriesOf(inbox, [unsend]))
    t.deepEqual(await everything(), [])
    t.regex((await bodyNow(inbox, held.id)) ?? '', /this one stays/)
  })
})
