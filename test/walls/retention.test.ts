import { createHmac, randomInt, randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import type { SimulatedAccount } from '../../dev/instagram-simulator/index.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { coreOn } from '../support/core-on-database.ts'
import { allInRedis, allRows, formsOf, hits } from '../support/dump.ts'
import {
  type Answer,
  type ChannelJson,
  connect,
  type InboxClient,
  settled,
  signUp,
  type TicketJson,
} from '../support/inbox-client.ts'
import { waitFor } from '../support/processes.ts'
import { onEachProfile } from '../support/profiles.ts'
import { waitingDeliveries } from '../support/rabbit-queues.ts'
import { sampleFile } from '../support/sample-files.ts'
import { ids } from '../support/seed.ts'
import { onServer } from '../support/template.ts'

const PATIENCE_MS = 30_000
const DAY_MS = 24 * 3_600_000
const digits = () => Array.from({ length: 16 }, () => randomInt(1, 10)).join('')
const daysAgo = (days: number) => Date.now() - days * DAY_MS

type Place = Readonly<{ client: InboxClient; account: SimulatedAccount; channel: ChannelJson }>
type Kept = ChannelJson & Readonly<{ retentionDays: number | null; name: string }>

/** Where something past its time has to be before it goes: else its absence afterwards shows nothing. */
const PLACES = [
  ...['attachments', 'conversations', 'customer_identities', 'early_edits', 'event_log', 'jobs', 'message_parts'],
  ...['messages', 'raw_event_copies', 'raw_events', 'reactions', 'tickets', 'tombstones', 'uploads'],
]

onEachProfile((profile) => {
  let stage: ConnectStage
  let client: InboxClient
  /** Keeps 30 days, 90 days, everything; and another organization's, which keeps everything. */
  let month: Place
  let quarter: Place
  let forGood: Place
  let elsewhere: Place
  /** In all that is past its time, and in all that is not. */
  const gone = `sentinel-${randomUUID()}`
  const kept = `keepsake-${randomUUID()}`
  const [person, regular, stillOpen, bystander] = [digits(), digits(), digits(), digits()]
  const bodies: { place: Place; body: string }[] = []
  let counter = 0

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile, { PUBLIC_URL: 'https://inbox.example' })
    client = await signUp(stage.url)
    const place = async (of: InboxClient): Promise<Place> => ({ client: of, ...(await connect(of, stage.simulator)) })
    month = await place(client)
    quarter = await place(client)
    forGood = await place(client)
    elsewhere = await place(await signUp(stage.url))
    await journey()
  })
  test.after.always(() => stage?.close())

  /** An item of a webhook, by somebody, so many days ago; the later ones of a day come later. */
  const from = ({ account }: Place, id: string, days: number, more: object) => ({
    ...{ sender: { id, username: `user ${id}` }, recipient: { id: account.id } },
    ...{ timestamp: Math.round(daysAgo(days)) + ++counter, ...more },
  })
  const text = (mid: string, words: string) => ({ message: { mid, text: words } })

  async function deliver(
    place: Place,
    messaging: readonly object[],
    { changes = [], days = 0 }: { changes?: readonly object[]; days?: number } = {},
  ): Promise<void> {
    const { account } = place
    const body = JSON.stringify({
      object: 'instagram',
      entry: [{ id: account.id, time: Math.round(daysAgo(days)), messaging, changes }],
    })
    bodies.push({ place, body })
    await post(place, body)
  }

  async function post({ account }: Place, body: string): Promise<void> {
    const signature = createHmac('sha256', account.appSecret).update(body).digest('hex')
    const { status } = await fetch(account.webhookUrl ?? '', {
      ...{ method: 'POST', body },
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    })
    if (status !== 200) throw new Error(`not taken: ${status}`)
  }

  const sql = (statement: string, values: unknown[] = []) =>
    onServer(stage.db.admin, (server) => server.query(statement, values))

  const ticketsOf = async ({ client: of, channel }: Place, externalId: string): Promise<readonly TicketJson[]> => {
    const customers = (await of.customers()).filter((one) => one.externalId === externalId)
    const theirs = await of.list<TicketJson & { channelId: string }>('/tickets')
    return theirs.filter(
      ({ channelId, customerId }) => channelId === channel.id && customers.some(({ id }) => id === customerId),
    )
  }

  /** Everything that was delivered before has been worked on. */
  async function caughtUp(place: Place): Promise<void> {
    const mark = `mark-${randomUUID()}`
    await post(
      place,
      JSON.stringify({
        object: 'instagram',
        entry: [
          { id: place.account.id, time: Date.now(), messaging: [from(place, bystander, 0, text(`m.${mark}`, mark))] },
        ],
      }),
    )
    await waitFor(
      async () =>
        (await ticketsOf(place, bystander)).some(({ lastMessagePreview }) => lastMessagePreview === mark) || null,
      PATIENCE_MS,
    )
  }

  async function journey(): Promise<void> {
    const mid = (name: string) => `m.${name}.${gone}`
    const known = stage.simulator.customer({ account: month.account, username: `known.${gone}`, name: `Ms ${gone}` })
    await stage.simulator.dm(known, `hello ${gone}`)
    await caughtUp(month)
    await deliver(
      month,
      [
        {
          ...from(month, person, 40, text(mid('1'), `first ${gone}`)),
          sender: { id: person, username: `user.${gone}` },
        },
        from(month, person, 40, {
          message: { mid: mid('2'), attachments: [{ type: 'image', payload: { url: `https://cdn.example/${gone}` } }] },
        }),
        from(month, person, 40, { message_edit: { mid: mid('1'), text: `edited ${gone}`, num_edit: 1 } }),
        from(month, person, 40, { message_edit: { mid: mid('never'), text: `early ${gone}`, num_edit: 1 } }),
        from(month, person, 40, { postback: { mid: mid('3'), title: `button ${gone}`, payload: gone } }),
        from(month, person, 40, { referral: { ref: gone, source: 'SHORTLINK', type: 'OPEN_THREAD' } }),
        from(month, person, 40, { optin: { type: 'notification_messages', payload: gone } }),
        from(month, person, 40, text(mid('4'), `unsent ${gone}`)),
        from(month, person, 40, { message: { mid: mid('4'), is_deleted: true } }),
        from(month, person, 40, {
          reaction: { mid: mid('2'), action: 'react', reaction: 'other', emoji: gone.slice(0, 60) },
        }),
        from(month, regular, 40, text(mid('5'), `of one who comes back ${gone}`)),
      ],
      // A comment has no time but its entry's.
      {
        days: 40,
        changes: [
          {
            field: 'comments',
            value: { id: `c.${gone}`, text: gone, from: { id: person, username: gone }, media: { id: 'p.1' } },
          },
        ],
      },
    )
    await deliver(month, [from(month, regular, 1, text('m.back', `back again ${kept}`))])
    await deliver(month, [from(month, stillOpen, 40, text('m.open', `not answered yet ${kept}`))])
    await deliver(quarter, [from(quarter, person, 100, text(mid('6'), `too old for either ${gone}`))])
    await deliver(quarter, [from(quarter, regular, 40, text('m.quarter', `young enough here ${kept}`))])
    await deliver(forGood, [from(forGood, person, 400, text('m.good', `for good ${kept}`))])
    await deliver(elsewhere, [from(elsewhere, person, 400, text('m.elsewhere', `elsewhere ${kept}`))])
    for (const place of [month, quarter, forGood, elsewhere]) await caughtUp(place)
    await answers(known.id)
    await leftovers(mid)
    for (const place of [month, quarter, forGood, elsewhere])
      for (const { id, status } of await place.client.tickets()) {
        if (status === 'RESOLVED' || (await ticketsOf(month, stillOpen)).some((one) => one.id === id)) continue
        await place.client.call('PATCH', `/tickets/${id}`, { status: 'RESOLVED' })
      }
  }

  /** By an agent, with a file; as long ago as what they answer. */
  async function answers(externalId: string): Promise<void> {
    const [ticket] = await waitFor(async () => {
      const found = await ticketsOf(month, externalId)
      return found.length > 0 ? found : null
    }, PATIENCE_MS)
    const upload = await fetch(`${stage.url}/orgs/${client.orgId}/attachments?filename=${gone}.jpg`, {
      ...{ method: 'POST', body: sampleFile('jpeg', 2_000) },
      headers: { authorization: `Bearer ${client.accessToken}`, 'content-type': 'image/jpeg' },
    })
    const file = (await upload.json()) as { id: string }
    for (const body of [{ content: `an answer ${gone}` }, { attachments: [{ attachmentId: file.id }] }]) {
      const sent = await client.call<{ id: string; ticketId: string }>('POST', `/tickets/${ticket?.id}/messages`, body)
      if (sent.status !== 201) throw new Error(JSON.stringify(sent.body))
      const { status } = await settled(client, sent.body)
      if (status !== 'SENT') throw new Error(status)
    }
    await caughtUp(month)
    await sql(`update messages set sent_at = now() - interval '40 days' where ticket_id = $1`, [ticket?.id])
    await sql(`update customers set last_seen_at = now() - interval '40 days' where id = $1`, [ticket?.customerId])
    await sql(
      `update conversations set window_opened_at = now() - interval '40 days', last_inbound_at = null where customer_id = $1`,
      [ticket?.customerId],
    )
    await sql(`update tickets set last_message_at = now() - interval '40 days' where id = $1`, [ticket?.id])
  }

  /** What was given up, and what could not be read, in those days. */
  async function leftovers(mid: (name: string) => string): Promise<void> {
    const body = JSON.stringify({
      object: 'instagram',
      entry: [{ id: month.account.id, time: 1, messaging: [from(month, person, 40, text(mid('7'), gone))] }],
    })
    const job = `insert into jobs (id, queue, state, run_at, dead_at, meta, payload, org_id)
      values ($1, $2, 'DEAD', now(), now() - interval '40 days', $3, $4, $5)`
    const envelope = { orgId: client.orgId, channelId: month.channel.id, verified: true, requestId: 'a-request' }
    await sql(job, [ids.next(), 'inbound', envelope, body, null])
    const lookUp = { orgId: client.orgId, channelId: month.channel.id, person: gone }
    await sql(job, [ids.next(), 'profile-lookup', {}, JSON.stringify(lookUp), client.orgId])
    const keptJob = { orgId: client.orgId, channelId: forGood.channel.id, person: kept }
    await sql(job, [ids.next(), 'profile-lookup', {}, JSON.stringify(keptJob), client.orgId])
    await post(month, body.slice(0, -2))
    await waitFor(
      async () =>
        (await client.call<ChannelJson>('GET', `/channels/${month.channel.id}`)).body.health.quarantined > 0 || null,
      PATIENCE_MS,
    )
    await sql(`update raw_events set received_at = now() - interval '40 days' where status = 'QUARANTINED'`)
  }

  const rows = () => allRows(stage.db.admin)
  const found = async (word: string) => (await rows()).flatMap(({ table, row }) => hits(table, row, { word }))
  const holding = async (word: string) => {
    const counts: Record<string, number> = {}
    for (const { table, row } of await rows())
      if (formsOf(word).some((form) => row.includes(form))) counts[table] = (counts[table] ?? 0) + 1
    return counts
  }

  async function nowhere(t: ExecutionContext, why: string): Promise<void> {
    const left = (await rows()).filter(({ row }) => formsOf(gone).some((form) => row.includes(form)))
    t.deepEqual(
      left.map(({ table, row }) => `${table}: ${row}`),
      [],
      why,
    )
    t.deepEqual(hits('log', stage.log.text, { gone }), [], why)
    if (profile !== 'services') return
    t.deepEqual(hits('redis', await allInRedis(stage.prefix), { gone }), [], why)
    t.deepEqual(await waitingDeliveries(process.env['TEST_RABBITMQ_URL'] ?? '', stage.prefix), [0, 0])
  }

  const setRetention = (place: Place, retentionDays: unknown): Promise<Answer<Kept>> =>
    place.client.call('PATCH', `/channels/${place.channel.id}`, { retentionDays } as object)

  test.serial(`${profile}: how long a channel keeps messages is set with the channel, within bounds`, async (t) => {
    const config = { secret: 'planted-secret-of-a-channel' }
    const made = await client.call<Kept>('POST', '/channels', { type: 'API', name: 'Form', config, retentionDays: 365 })
    t.like(made, { status: 201, body: { retentionDays: 365 } })
    const path = `/channels/${made.body.id}`
    t.like(await client.call('PATCH', path, { name: 'Contact form' }), { status: 200, body: { retentionDays: 365 } })
    for (const retentionDays of [6, 3651, 30.5, '30', 0, -1])
      t.like(await client.call('PATCH', path, { retentionDays } as object), { status: 400 }, String(retentionDays))
    t.like(await client.call('PATCH', path, { retentionDays: null }), { status: 200, body: { retentionDays: null } })
    t.like(await client.call('GET', path), { status: 200, body: { retentionDays: null } })
    const { rows: noted } = await sql('select action from audit_log where resource_id = $1 order by id', [made.body.id])
    t.deepEqual(
      noted.map(({ action }: { action: string }) => action).filter((action: string) => action !== 'channel.updated'),
      ['channel.created', 'channel.retention-changed', 'channel.retention-changed'],
    )
    t.like(await client.call('DELETE', path), { status: 204 })
  })

  test.serial(`S135: ${profile}: what is past its time is nowhere, and what is not is where it was`, async (t) => {
    t.timeout(90_000)
    const before = new Set((await found(gone)).map(({ where }) => where))
    t.deepEqual(
      PLACES.filter((table) => !before.has(table)),
      [],
      'it was everywhere',
    )
    const stays = await holding(kept)
    for (const table of ['messages', 'raw_events', 'jobs']) t.true((stays[table] ?? 0) > 0, table)
    t.like(await setRetention(month, 30), { status: 200, body: { retentionDays: 30 } })
    t.like(await setRetention(quarter, 90), { status: 200, body: { retentionDays: 90 } })

    // The scheduler's, a day and an hour after the tickets were resolved.
    const at = new Date(Date.now() + 25 * 3_600_000)
    const { core } = coreOn(stage.db, { clock: { now: () => at, monotonicMs: () => 0 } })
    await core.expireMessages()
    await nowhere(t, 'gone')
    t.deepEqual(await holding(kept), stays)
    t.deepEqual(await ticketsOf(month, person), [])
    const [back] = await ticketsOf(month, regular)
    t.like(back, { lastMessagePreview: `back again ${kept}`, status: 'RESOLVED', unreadCount: 0 })
    t.deepEqual(
      (await client.messages(back?.id ?? '')).map(({ content }) => content),
      [`back again ${kept}`],
    )
    t.like((await ticketsOf(month, stillOpen))[0], { lastMessagePreview: `not answered yet ${kept}`, unreadCount: 1 })
    const events = await client.call<{ data: { resource: { type: string }; data: unknown }[] }>(
      'GET',
      '/events?limit=100',
    )
    t.is(events.status, 200, 'events about what is gone can be read')
    await core.expireMessages()
    t.deepEqual(await holding(kept), stays, 'a second time')
  })

  test.serial(
    `S136: ${profile}: delivered and replayed again, also where more is kept again, nothing of it comes back`,
    async (t) => {
      t.timeout(90_000)
      const stays = await holding(kept)
      const again = async (why: string) => {
        for (const { place, body } of bodies) await post(place, body)
        for (const place of [month, quarter]) {
          await caughtUp(place)
          await client.call('POST', `/channels/${place.channel.id}/raw-events/replay`, {})
          await caughtUp(place)
        }
        await nowhere(t, why)
        t.deepEqual(await holding(kept), stays, why)
      }
      await again('with its retention')
      for (const place of [month, quarter])
        t.like(await setRetention(place, null), { status: 200, body: { retentionDays: null } })
      await again('kept for good from now on')
      t.deepEqual(await ticketsOf(month, person), [])
    },
  )
})
