import { createHmac, randomInt, randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import type { SimulatedAccount } from '../../dev/instagram-simulator/index.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { allInRedis, allRows, formsOf, hits } from '../support/dump.ts'
import {
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
const digits = () => Array.from({ length: 16 }, () => randomInt(1, 10)).join('')

type Erasure = Readonly<{ id: string; state: string; removed: Record<string, number> }>

/** Where something of the customer has to be before they are erased: else their absence afterwards shows nothing. */
const PLACES = [
  ...['attachments', 'conversations', 'customer_identities', 'early_edits', 'event_log', 'export_chunks', 'jobs'],
  ...[
    'message_parts',
    'messages',
    'raw_event_copies',
    'raw_events',
    'reactions',
    'tickets',
    'tombstones',
    'unclaimed_entries',
    'uploads',
  ],
]

onEachProfile((profile) => {
  let stage: ConnectStage
  let client: InboxClient
  let account: SimulatedAccount
  let channel: ChannelJson
  let elsewhere: Readonly<{ client: InboxClient; account: SimulatedAccount }>
  /** In all that the customer says, does and is called. */
  const word = `sentinel-${randomUUID()}`
  const bystander = digits()
  let person = ''
  let words: Readonly<Record<string, string>>
  const theirs = 'what somebody else wrote'
  let at = Date.now() - 60_000
  const bodies: string[] = []
  let ticket: TicketJson
  let firstId = ''
  let exportId = ''

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile, { PUBLIC_URL: 'https://inbox.example' })
    client = await signUp(stage.url)
    ;({ account, channel } = await connect(client, stage.simulator))
    // Known to the simulator, which else refuses to be answered.
    const who = stage.simulator.customer({ account, username: `user.${word}`, name: `Ms ${word}` })
    person = who.id
    words = { word, person }
    const other = await signUp(stage.url)
    elsewhere = { client: other, account: (await connect(other, stage.simulator)).account }
    await stage.simulator.dm(who, `hello ${word}`)
    await journey()
  })
  test.after.always(() => stage?.close())

  const from = (id: string, more: object, on = account) => ({
    ...{ sender: { id, username: id === person ? `user.${word}` : 'bystander' }, recipient: { id: on.id } },
    ...{ timestamp: ++at, ...more },
  })
  const bodyOf = (messaging: readonly object[], changes: readonly object[] = [], on = account) =>
    JSON.stringify({ object: 'instagram', entry: [{ id: on.id, time: ++at, messaging, changes }] })

  async function deliver(body: string, on = account): Promise<void> {
    const signature = createHmac('sha256', on.appSecret).update(body).digest('hex')
    const { status } = await fetch(on.webhookUrl ?? '', {
      ...{ method: 'POST', body },
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    })
    if (status !== 200) throw new Error(`not taken: ${status}`)
    if (on === account) bodies.push(body)
  }

  const customerOf = (id: string, of = client) =>
    waitFor(async () => (await of.customers()).find(({ externalId }) => externalId === id), PATIENCE_MS)
  const sql = (text: string, values: unknown[]) => onServer(stage.db.admin, (server) => server.query(text, values))

  /** Everything that was delivered before has been worked on. */
  async function caughtUp(): Promise<void> {
    const mark = `mark-${randomUUID()}`
    await deliver(bodyOf([from(bystander, { message: { mid: `m.${mark}`, text: mark } })]))
    bodies.pop()
    await waitFor(async () => {
      const { id } = await customerOf(bystander)
      const own = (await client.tickets()).filter(({ customerId, kind }) => customerId === id && kind === 'DM')
      return own.some(({ lastMessagePreview }) => lastMessagePreview === mark) || null
    }, PATIENCE_MS)
  }

  async function journey(): Promise<void> {
    const mid = (name: string) => `m.${name}.${word}`
    await deliver(
      bodyOf(
        [
          from(person, { message: { mid: mid('1'), text: `first ${word}` } }),
          from(bystander, { message: { mid: 'm.bystander.1', text: theirs } }),
          from(person, {
            message: {
              mid: mid('2'),
              attachments: [{ type: 'image', payload: { url: `https://cdn.example/${word}` } }],
            },
          }),
          from(person, { message_edit: { mid: mid('1'), text: `edited ${word}`, num_edit: 1 } }),
          from(person, { message_edit: { mid: mid('never'), text: `early ${word}`, num_edit: 1 } }),
          from(person, { postback: { mid: mid('3'), title: `button ${word}`, payload: word } }),
          from(person, { referral: { ref: word, source: 'SHORTLINK', type: 'OPEN_THREAD' } }),
          from(person, { optin: { type: 'notification_messages', payload: word } }),
          from(person, { message: { mid: mid('4'), text: `unsent ${word}` } }),
          from(person, { message: { mid: mid('4'), is_deleted: true } }),
          from(person, { response_feedback: { feedback: word } }),
        ],
        [
          {
            field: 'comments',
            value: { id: 'c.1', text: word, from: { id: person, username: word }, media: { id: 'p.1' } },
          },
          {
            field: 'comments',
            value: {
              id: 'c.2',
              parent_id: 'c.1',
              text: theirs,
              from: { id: bystander, username: 'bystander' },
              media: { id: 'p.1' },
            },
          },
        ],
      ),
    )
    firstId = (await customerOf(person)).id
    await customerOf(bystander)
    ticket = await waitFor(
      async () => (await client.tickets()).find((one) => one.customerId === firstId && one.kind === 'DM'),
      PATIENCE_MS,
    )
    const reply = await client.reply(ticket.id, `answer to ${word}`, { 'idempotency-key': 'once' })
    const { externalId, status } = await settled(client, reply.body)
    if (status !== 'SENT') throw new Error(`the reply is ${status}`)
    const upload = await fetch(`${stage.url}/orgs/${client.orgId}/attachments?filename=${word}.jpg`, {
      ...{ method: 'POST', body: sampleFile('jpeg', 2_000) },
      headers: { authorization: `Bearer ${client.accessToken}`, 'content-type': 'image/jpeg' },
    })
    const file = (await upload.json()) as { id: string }
    const withFile = await client.call<{ id: string; ticketId: string }>('POST', `/tickets/${ticket.id}/messages`, {
      attachments: [{ attachmentId: file.id }],
    })
    if (withFile.status !== 201) throw new Error(JSON.stringify(withFile.body))
    await settled(client, withFile.body)
    await deliver(
      bodyOf([
        from(person, { reaction: { mid: externalId, action: 'react', reaction: 'other', emoji: word.slice(0, 60) } }),
      ]),
    )
    const [first] = await client.messages(ticket.id)
    await client.call('PUT', `/tickets/${ticket.id}/messages/${first?.id}/reaction`, { emoji: '❤️' })
    // What cannot be read is put aside whole.
    await deliver(bodyOf([from(person, { message: { mid: mid('5'), text: word } })]).slice(0, -2))
    // And the same person where somebody else has them.
    await deliver(
      bodyOf(
        [from(person, { message: { mid: 'm.elsewhere', text: 'elsewhere' } }, elsewhere.account)],
        [],
        elsewhere.account,
      ),
      elsewhere.account,
    )
    await customerOf(person, elsewhere.client)
    await caughtUp()
    await leftovers(mid)
    const made = await client.call<{ id: string }>('POST', `/customers/${firstId}/exports`)
    await waitFor(async () => {
      const { body } = await client.call<{ state: string }>('GET', `/exports/${made.body.id}`)
      return body.state === 'READY' || null
    }, PATIENCE_MS)
    exportId = made.body.id
    await waitFor(
      async () =>
        (await client.call<ChannelJson>('GET', `/channels/${channel.id}`)).body.health.quarantined > 0 || null,
      PATIENCE_MS,
    )
  }

  /** What waits, was given up, or came before the account was connected. */
  async function leftovers(mid: (name: string) => string): Promise<void> {
    const item = from(person, { message: { mid: mid('6'), text: word } })
    const ours = {
      id: account.id,
      time: at,
      messaging: [item, from(bystander, { message: { mid: 'm.bystander.2', text: theirs } })],
    }
    const others = {
      id: '17841400000000009',
      time: at,
      messaging: [from(bystander, { message: { mid: 'm.others', text: 'of another account' } })],
    }
    const job = `insert into jobs (id, queue, state, run_at, dead_at, meta, payload, org_id) values ($1, $2, $3, now() + interval '1 hour', now(), $4, $5, $6)`
    const received = { receivedAt: new Date(at).toISOString(), requestId: 'a-request' }
    const forChannel = { orgId: client.orgId, channelId: channel.id, verified: true, ...received }
    const whole = JSON.stringify({ object: 'instagram', entry: [ours, others] })
    await sql(job, [
      ids.next(),
      'inbound',
      'READY',
      forChannel,
      JSON.stringify({ object: 'instagram', entry: [ours] }),
      null,
    ])
    await sql(job, [ids.next(), 'inbound', 'DEAD', { channelType: 'INSTAGRAM', ...received }, whole, null])
    const lookUp = { orgId: client.orgId, channelId: channel.id, customerId: firstId, person }
    await sql(job, [ids.next(), 'profile-lookup', 'DEAD', {}, JSON.stringify(lookUp), client.orgId])
    const announced = { orgId: client.orgId, channelId: channel.id, externalId: mid('1') }
    await sql(job, [ids.next(), 'message-lookup', 'DEAD', {}, JSON.stringify(announced), client.orgId])
    await sql(
      `insert into unclaimed_entries (id, type, account, hash, body, request_id, received_at, worded, taken_back)
       values ($1, 'INSTAGRAM', $2, '\\x00', $3, 'a-request', now(), '{}', '{}')`,
      [ids.next(), account.id, JSON.stringify({ object: 'instagram', entry: [ours] })],
    )
  }

  /** Of this organization, or of nobody: the other one has the same person, by right. */
  const rows = async () => (await allRows(stage.db.admin)).filter(({ row }) => !row.includes(elsewhere.client.orgId))
  const found = async (sought = words) => (await rows()).flatMap(({ table, row }) => hits(table, row, sought))

  async function nowhere(t: ExecutionContext): Promise<void> {
    t.deepEqual(await found(), [])
    t.deepEqual(hits('log', stage.log.text, words), [])
    if (profile !== 'services') return
    t.deepEqual(hits('redis', await allInRedis(stage.prefix), words), [])
    t.deepEqual(await waitingDeliveries(process.env['TEST_RABBITMQ_URL'] ?? '', stage.prefix), [0, 0])
  }

  test.serial(
    `S135, S137: ${profile}: a customer is erased: what was theirs is nowhere, and everybody else's is there`,
    async (t) => {
      t.timeout(90_000)
      const before = new Set((await found()).map(({ where }) => where))
      t.deepEqual(
        PLACES.filter((table) => !before.has(table)),
        [],
        'it was everywhere',
      )
      const answer = await client.call<Erasure>('DELETE', `/customers/${firstId}`)
      t.is(answer.status, 202)
      t.is(answer.headers.get('location'), `/orgs/${client.orgId}/erasures/${answer.body.id}`)
      const again = await client.call<Erasure>('DELETE', `/customers/${firstId}`)
      t.like(again, { status: 202, body: { id: answer.body.id } })
      const done = await waitFor(async () => {
        const { body } = await client.call<Erasure>('GET', `/erasures/${answer.body.id}`)
        return body.state === 'DONE' ? body : null
      }, PATIENCE_MS)
      t.true((done.removed['messages'] ?? 0) >= 7, JSON.stringify(done))
      t.is(done.removed['tickets'], 2)
      t.true((done.removed['bodies'] ?? 0) >= 4, JSON.stringify(done))

      await nowhere(t)
      // Ids are no secrets: they stay where it is told what was done.
      const kept = new Set((await found({ id: firstId })).map(({ where }) => where))
      t.deepEqual([...kept].sort(), ['audit_log', 'erasures', 'event_log', 'exports'])
      t.like(await client.call('GET', `/exports/${exportId}`), { status: 200, body: { state: 'EXPIRED' } })
      t.is((await client.call('GET', `/exports/${exportId}/file`)).status, 410)
      t.is((await client.call('GET', `/customers/${firstId}`)).status, 404)
      t.is((await client.call('GET', `/tickets/${ticket.id}`)).status, 404)
      const last = (
        await client.call<{ data: { type: string; resource: object; data: unknown }[] }>('GET', '/events?limit=100')
      ).body.data
      t.true(last.some(({ type, data }) => type === 'customer.erased' && data === null))

      const others = await rows()
      const holding = (table: string, text: string) =>
        others.filter((one) => one.table === table && formsOf(text).some((form) => one.row.includes(form))).length
      t.true(holding('messages', theirs) >= 2)
      t.true(holding('raw_events', theirs) >= 1, 'the neighbour in the same body')
      t.true(holding('jobs', theirs) >= 2)
      t.true(holding('jobs', 'of another account') >= 1)
      t.true(holding('unclaimed_entries', theirs) >= 1)
      const { id } = await customerOf(person, elsewhere.client)
      const [known] = (await elsewhere.client.tickets()).filter(({ customerId }) => customerId === id)
      t.is(known?.lastMessagePreview, 'elsewhere')
    },
  )

  test.serial(
    `S130: ${profile}: a reply on the ticket of somebody who was erased is told that there is none`,
    async (t) => {
      const answer = await client.reply(ticket.id, `answer to ${word}`, { 'idempotency-key': 'once' })
      t.like(answer, { status: 404, body: { code: 'not-found' } })
    },
  )

  test.serial(
    `S42, S136: ${profile}: the same bodies again bring nothing back; a new message makes a new customer`,
    async (t) => {
      t.timeout(90_000)
      for (const body of bodies.slice()) await deliver(body)
      await caughtUp()
      await nowhere(t)
      t.false((await client.customers()).some(({ externalId }) => externalId === person))
      await client.call('POST', `/channels/${channel.id}/raw-events/replay`, {})
      await caughtUp()
      await nowhere(t)

      at = Date.now() + 1_000
      await deliver(bodyOf([from(person, { message: { mid: 'm.anew', text: 'here again' } })]).replaceAll(word, 'anew'))
      const anew = await customerOf(person)
      t.not(anew.id, firstId)
      for (const body of bodies.slice(0, 3)) await deliver(body)
      await caughtUp()
      const own = (await client.tickets()).filter(({ customerId }) => customerId === anew.id)
      t.is(own.length, 1)
      t.deepEqual(
        (await client.messages(own[0]?.id ?? '')).map(({ content }) => content),
        ['here again'],
      )
      // What they are called the platform tells anew.
      t.deepEqual(new Set((await found({ word })).map(({ where }) => where)), new Set(['customer_identities']))
    },
  )
})
