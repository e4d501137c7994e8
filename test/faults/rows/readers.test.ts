import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { defaultTiming } from '../../../src/adapters/http/event-stream/stream-timing.ts'
import { main } from '../../../src/cli.ts'
import { SseClient } from '../../adapters/http/support/sse-client.ts'
import { type ConnectStage, connectStage } from '../../support/connect-stage.ts'
import { type InboxClient, signUp } from '../../support/inbox-client.ts'
import { planted } from '../../support/planted.ts'
import { waitFor } from '../../support/processes.ts'
import { onEachProfile } from '../../support/profiles.ts'
import { settings } from '../../support/program.ts'
import { onServer } from '../../support/template.ts'

/** The program waits half a minute for a reader; nothing else of its times is changed. */
Object.assign(defaultTiming, { drainTimeoutMs: 3_000 })

const HEARS_NOTHING_AFTER_MS = 5_000
/** More than the kernel takes for a reader that sleeps. */
const LARGE = { text: 'x'.repeat(250_000), times: 55 }

type Shop = Readonly<{ client: InboxClient; channelId: string; secret: string }>
type Reader = Pick<InboxClient, 'orgId' | 'accessToken'>
type Opened = Readonly<{ door?: string; after?: number; query?: string; headers?: Readonly<Record<string, string>> }>
type FeedEvent = Readonly<{ seq: number; id: string; orgId: string }>
type Page = Readonly<{ data: readonly FeedEvent[]; page: { nextCursor: string; hasMore: boolean } }>

onEachProfile((profile) => {
  // Two processes' worth of the program, on one database.
  let stage: ConnectStage
  let doors: readonly [string, string]
  test.before(async () => {
    stage = await connectStage(profile)
    doors = [stage.url, await stage.another()]
  })
  test.after.always(() => stage?.close())

  const sql = <T extends object>(text: string, values: readonly unknown[] = []) =>
    onServer(stage.db.admin, async (client) => (await client.query<T>(text, [...values])).rows)

  async function aShop(): Promise<Shop> {
    const client = await signUp(doors[0])
    const secret = planted('api-secret')
    const made = await client.call<{ id: string }>('POST', '/channels', { type: 'API', name: 'A', config: { secret } })
    return { client, channelId: made.body.id, secret }
  }
  /** Somebody new writes, at either door. The event of the message, and how many the organization has once it is told of all. */
  async function write({ client, channelId, secret }: Shop, message = 'Hello', door = doors[1]) {
    const messageId = randomUUID()
    const post = () =>
      fetch(`${door}/webhook/${channelId}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}` },
        body: JSON.stringify({ senderPhone: messageId, message, messageId }),
      })
    // On a busy machine it may be told to come again.
    await waitFor(async () => (await post()).status === 200)
    return waitFor(async () => {
      const [row] = await sql<{ created: string; last: string }>(
        `select e.seq as created, c.last_seq as last from messages m join event_counters c on c.org_id = m.org_id
         join event_log e on e.org_id = m.org_id and e.resource_id = m.id and e.type = 'message.created'
         where m.org_id = $1 and m.external_id = $2 and not exists (select from event_log w where w.org_id = $1 and w.seq is null)`,
        [client.orgId, messageId],
      )
      return row?.created ? { created: Number(row.created), last: Number(row.last) } : null
    })
  }
  const lastOf = async ({ orgId }: Reader): Promise<number> => {
    const [row] = await sql<{ last: string }>('select last_seq as last from event_counters where org_id = $1', [orgId])
    return Number(row?.last ?? 0)
  }
  const open = ({ orgId, accessToken }: Reader, { door = doors[0], after, query = '', headers = {} }: Opened = {}) =>
    new SseClient(`${door}/orgs/${orgId}/events/stream${query}`, {
      authorization: `Bearer ${accessToken}`,
      ...headers,
      ...(after === undefined ? {} : { 'last-event-id': String(after) }),
    })
  const has = (stream: SseClient, seq: number) => waitFor(() => (stream.seqs.at(-1) ?? 0) >= seq)
  const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)
  const list = async (client: InboxClient, after: number | string = 0) => {
    const answer = await client.call<Page>('GET', `/events?limit=100&after=${after}`)
    if (answer.status !== 200) throw new Error(`${answer.status}`)
    return answer.body
  }

  const cli = async (...args: string[]): Promise<void> => {
    const said: unknown[] = []
    const out = { log: (line: unknown) => said.push(line), error: (line: unknown) => said.push(line) }
    const environment = settings({
      DATABASE_URL: stage.db.url,
      SESSION_SECRET: planted('session-secret'),
      ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    })
    if ((await main(args, { environment, out: out as never })) !== 0) throw new Error(said.join('\n'))
  }
  /** Another member, with a session of their own. */
  async function colleague({ orgId }: Reader): Promise<Reader & { email: string; password: string }> {
    const [email, password] = [`${randomUUID()}@example.com`, planted('password')]
    await cli('member:add', '--org', orgId, '--email', email, '--role', 'AGENT', '--password', password)
    return { orgId, email, password, accessToken: await logIn(email, password) }
  }
  const logIn = async (email: string, password: string): Promise<string> => {
    const answer = await fetch(`${doors[0]}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    })
    return ((await answer.json()) as { accessToken: string }).accessToken
  }

  test(`C3: ${profile}: whatever is pushed twice, and whoever comes back elsewhere, each event has one number and says the same`, async (t) => {
    const shop = await aShop()
    const { client } = shop
    const streams = await Promise.all(doors.map((door) => open(client, { door, after: 0 }).opened()))
    let last = 0
    for (const text of ['one', 'two', 'three']) {
      last = (await write(shop, text)).last
      // As several relays would tell of it at once, and of what was told before.
      const hint = JSON.stringify(['somebody', [['events-numbered', JSON.stringify([[client.orgId, String(last)]])]]])
      await sql(`select pg_notify('delightchat_wakeups', $1) from generate_series(1, 20)`, [hint])
    }
    t.true(last > 6)
    for (const stream of streams) await has(stream, last)
    // It broke, and the reader had not noted the last five.
    const again = await open(client, { door: doors[1], after: last - 5 }).opened()
    await has(again, last)
    const next = (await write(shop, 'four')).last
    for (const stream of [...streams, again]) await has(stream, next)
    const [first, second] = streams.map(({ events }) => events.filter(({ id }) => id !== undefined))
    t.deepEqual(streams[0]?.seqs, from(1, next))
    t.deepEqual(first, second)
    t.deepEqual(
      again.events.filter(({ id }) => id !== undefined),
      first?.slice(last - 5),
    )
    t.is(new Set(first?.map(({ data }) => data['id'])).size, next)
    t.deepEqual(
      (await list(client)).data.map(({ seq }) => seq),
      from(1, next),
    )
    for (const stream of [...streams, again]) stream.disconnect()
  })

  // By itself, since it moves so much.
  test.serial(
    `C4: ${profile}: a reader that does not read is cut off; readers beside it and deliveries do not wait for it, and it loses nothing`,
    async (t) => {
      const shop = await aShop()
      const { client } = shop
      const before = (await write(shop, LARGE.text)).last
      const [asleep, awake] = [await open(client).opened(), await open(client).opened()]
      asleep.pause()
      await sql(
        `insert into event_log (org_id, type, actor_type, resource_type, resource_id, ticket_id, data)
       select org_id, type, actor_type, resource_type, resource_id, ticket_id, data from event_log, generate_series(1, $2)
       where org_id = $1 and type = 'message.created'`,
        [client.orgId, LARGE.times],
      )
      await waitFor(async () => (await lastOf(client)) === before + LARGE.times)
      // While it sleeps.
      const { last } = await write(shop, 'still there?', doors[0])
      await has(awake, last)
      t.deepEqual(awake.seqs, from(before + 1, last))
      const slow = async () =>
        /^sse_closed_total\{reason="slow"\} 1$/m.test(await (await fetch(`${doors[0]}/metrics`)).text())
      await waitFor(slow)
      asleep.disconnect()
      const read = asleep.seqs.at(-1) ?? before
      t.true(read < last, 'it had not everything')
      const again = await open(client, { after: read }).opened()
      await has(again, last)
      t.deepEqual([...asleep.seqs, ...again.seqs], from(before + 1, last))
      for (const stream of [awake, again]) stream.disconnect()
    },
  )

  test(`C5: ${profile}: who is logged out, has another password or is a member no more hears nothing after 5 s, at any process`, async (t) => {
    const shop = await aShop()
    const { client } = shop
    const leaving = {
      'logged out elsewhere': await colleague(client),
      'with another password': await colleague(client),
      'no member any more': await colleague(client),
    }
    const stays = await open(client, { door: doors[1] }).opened()
    const streams = await Promise.all(Object.values(leaving).map((who) => open(who, { door: doors[1] }).opened()))
    const heard = await write(shop)
    for (const stream of [stays, ...streams]) await has(stream, heard.created)

    const [out, reset, gone] = Object.values(leaving)
    const logOut = () =>
      fetch(`${doors[0]}/auth/logout`, { method: 'POST', headers: { authorization: `Bearer ${out?.accessToken}` } })
    await waitFor(async () => (await logOut()).status === 204)
    await cli('member:reset-password', '--email', reset?.email ?? '', '--password', planted('password'))
    await sql('update memberships m set active = false from users u where m.user_id = u.id and u.email = $1', [
      gone?.email,
    ])
    await sleep(HEARS_NOTHING_AFTER_MS)
    await has(stays, (await write(shop)).created)
    for (const [index, who] of Object.keys(leaving).entries()) {
      const stream = streams[index]
      t.true(stream?.closed, who)
      t.deepEqual(
        stream?.seqs.filter((seq) => seq > heard.last),
        [],
        who,
      )
      t.is(stream?.events.at(-1)?.event, 'stream.goodbye', who)
    }
    for (const who of Object.values(leaving)) {
      const refused = await open(who).opened()
      t.true([401, 404].includes(refused.status), `${refused.status}`)
    }
    stays.disconnect()
  })

  test(`C6, S11: ${profile}: by no name, parameter, header or number does anybody hear of another organization, nor of another member's notifications`, async (t) => {
    const [shop, other] = [await aShop(), await aShop()]
    const { client } = shop
    const beside = await colleague(client)
    const { last } = await write(shop)
    // The other one is ahead, so that its numbers are none of ours.
    let foreignLast = 0
    while (foreignLast <= last + 3) foreignLast = (await write(other)).last
    const [mine, foreign] = [client.orgId, other.client.orgId]
    const names = [
      ...[foreign, foreign.toUpperCase(), `${mine},${foreign}`, `${mine}%2C${foreign}`, `${mine.slice(0, 8)}%25`],
      ...[`${mine}%2F..%2F${foreign}`, `${mine};${foreign}`, `${mine}%00`, '*', '%2A', '%25', '_', 'all', 'null'],
    ]
    const authorization = `Bearer ${client.accessToken}`
    for (const name of names)
      for (const what of ['events', 'events/stream']) {
        const answer = await fetch(`${doors[0]}/orgs/${name}/${what}`, { headers: { authorization } })
        const text = answer.status === 200 ? '' : await answer.text()
        t.true(answer.status === 404 || answer.status === 400, `${what} of ${name}: ${answer.status}`)
        t.false(text.includes('seq'))
      }

    const isOwn = ({ orgId }: Pick<FeedEvent, 'orgId'>) => orgId === mine
    const queries = ['orgId', 'org_id', 'channel', 'topic', 'filter[orgId]', 'memberId'].map(
      (name) => `${name}=${foreign}`,
    )
    const streams = [
      ...queries.map((query) => open(client, { query: `?after=0&${query}` })),
      ...['x-org-id', 'x-tenant-id'].map((name) => open(client, { after: 0, headers: { [name]: foreign } })),
      open(client, { door: doors[1], after: 0, headers: { 'x-original-url': `/orgs/${foreign}/events/stream` } }),
      open(client, { after: 0, query: `?after=${foreignLast}` }),
      // Numbers of the other one's, none of ours yet.
      ...[last + 1, foreignLast, Number.MAX_SAFE_INTEGER].map((after) => open(client, { door: doors[1], after })),
    ]
    // A session has five at a time at each process.
    for (const stream of streams) {
      await stream.opened()
      if (stream.status === 200) await waitFor(() => stream.events.some(({ event }) => event !== 'stream.hello'))
      t.true([200, 400].includes(stream.status), `${stream.status}`)
      stream.disconnect()
    }
    for (const number of ['-1', '1e3', '0x1', '1 or true', '%', `0&after=${foreignLast}`]) {
      const answer = await client.call<Page>('GET', `/events?limit=100&after=${encodeURIComponent(number)}`)
      t.true(answer.status === 400 || (answer.status === 200 && answer.body.data.every(isOwn)), number)
    }
    for (const { events } of streams)
      for (const { data, id } of events) if (id !== undefined) t.true(isOwn(data as never), id)
    for (const after of [0, last, last + 1, foreignLast])
      t.true((await list(client, after)).data.every(isOwn), `after ${after}`)

    const addressed = await sql<{ seq: number; email: string }>(
      `select e.seq::int, u.email from event_log e join memberships m on m.id = e.recipient_id join users u on u.id = m.user_id
       where e.org_id = $1 order by e.seq`,
      [mine],
    )
    const theirs = addressed.filter(({ email }) => email === beside.email).map(({ seq }) => seq)
    t.true(theirs.length > 0 && theirs.length < addressed.length)
    const [asOwner, asColleague] = [
      await open(client, { after: 0 }).opened(),
      await open(beside, { after: 0 }).opened(),
    ]
    await Promise.all([asOwner, asColleague].map((stream) => waitFor(() => stream.events.length > 2)))
    const next = (await write(shop)).last
    const all = from(1, next)
    const mayHear = async (who: string) => {
      const rows = await sql<{ seq: number }>(
        `select e.seq::int from event_log e left join memberships m on m.id = e.recipient_id left join users u on u.id = m.user_id
         where e.org_id = $1 and (e.recipient_id is null or (u.email = $2) = $3) order by e.seq`,
        [mine, beside.email, who === 'colleague'],
      )
      return rows.map(({ seq }) => seq)
    }
    for (const [who, stream] of [
      ['owner', asOwner],
      ['colleague', asColleague],
    ] as const) {
      const expected = await mayHear(who)
      t.true(expected.length < all.length)
      await waitFor(() => stream.seqs.length >= expected.length)
      t.deepEqual(stream.seqs, expected, who)
      stream.disconnect()
    }
    t.deepEqual(
      (await list(client)).data.map(({ seq }) => seq),
      await mayHear('owner'),
    )
  })
})
