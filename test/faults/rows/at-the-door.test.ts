import { createHmac, randomUUID } from 'node:crypto'
import test from 'ava'
import { type ConnectStage, connectStage, type Person } from '../../support/connect-stage.ts'
import type { MessageJson, TicketJson } from '../../support/inbox-client.ts'
import { planted } from '../../support/planted.ts'
import { waitFor } from '../../support/processes.ts'
import { onEachProfile } from '../../support/profiles.ts'
import { onServer } from '../../support/template.ts'
import { fillDisk } from '../harness/full-disk.ts'
import { createTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'

const BODIES = 10
const TIMES = 50

type Channel = Readonly<{ person: Person; id: string; account: string; secret: string }>

let accounts = 0

const written = (account: string, mid: string, over: object = {}) => ({
  id: account,
  time: Date.now(),
  messaging: [
    {
      sender: { id: '2100000000000345' },
      recipient: { id: account },
      timestamp: Date.now(),
      message: { mid, text: `text of ${mid}` },
      ...over,
    },
  ],
})
const bodyOf = (...entry: readonly object[]) => JSON.stringify({ object: 'instagram', entry })

onEachProfile((profile) => {
  let stage: ConnectStage
  let broker: TcpProxy | null = null
  let doors: readonly [string, string]
  test.before(async () => {
    const given: Record<string, string> = {}
    if (profile === 'services') {
      const url = new URL(process.env['TEST_RABBITMQ_URL'] ?? '')
      broker = await createTcpProxy({ target: Number(url.port || 5672) })
      url.host = `127.0.0.1:${broker.port}`
      given['RABBITMQ_URL'] = url.toString()
    }
    stage = await connectStage(profile, given)
    doors = [stage.url, await stage.another()]
  })
  test.after.always(async () => {
    await broker?.heal()
    await stage?.close()
    await broker?.close()
  })

  const sql = <T extends object>(text: string, values: readonly unknown[] = []) =>
    onServer(stage.db.admin, async (client) => (await client.query<T>(text, [...values])).rows)

  async function aChannel(): Promise<Channel> {
    const person = await stage.person()
    const account = `1784140000000${String(1000 + accounts++)}`
    const secret = planted('app-secret')
    const config = { pageId: account, accessToken: planted('access-token'), appSecret: secret }
    const made = await person.api<{ id: string }>('POST', '/channels', { type: 'INSTAGRAM', name: 'A', config })
    if (made.status !== 201) throw new Error(JSON.stringify(made.body))
    return { person, id: made.body.id, account, secret }
  }
  const post = async (door: string, { id, secret }: Pick<Channel, 'id' | 'secret'>, body: string) => {
    const signature = createHmac('sha256', secret).update(body).digest('hex')
    const { status, headers } = await fetch(`${door}/webhook/${id}`, {
      method: 'POST',
      headers: { 'x-hub-signature-256': `sha256=${signature}` },
      body,
    })
    return { status, retryAfter: headers.get('retry-after') }
  }
  const messagesOf = async ({ person }: Channel): Promise<readonly string[]> => {
    const { data } = (await person.api<{ data: TicketJson[] }>('GET', '/tickets')).body
    const lists = await Promise.all(
      data.map(({ id }) => person.api<{ data: MessageJson[] }>('GET', `/tickets/${id}/messages?limit=100`)),
    )
    return lists.flatMap(({ body }) => body.data.map(({ externalId }) => String(externalId))).toSorted()
  }
  const settled = () =>
    waitFor(async () => (await sql(`select 1 from jobs where queue = 'inbound'`)).length === 0, 60_000)
  const arrives = async (channel: Channel, mids: readonly string[]) => {
    await waitFor(async () => (await messagesOf(channel)).length >= mids.length, 60_000)
    return messagesOf(channel)
  }

  test.serial(
    `A13: ${profile}: one delivery ${TIMES} times at once, to two processes, is 200 each time and stored once`,
    async (t) => {
      const channel = await aChannel()
      const mids = Array.from({ length: BODIES }, (_, index) => `many-${index}`)
      const bodies = mids.map((mid) => bodyOf(written(channel.account, mid)))
      const statuses = await Promise.all(
        Array.from({ length: TIMES }, (_, time) =>
          bodies.map(async (body) => (await post(doors[time % 2] as string, channel, body)).status),
        ).flat(),
      )
      t.deepEqual(new Set(statuses), new Set([200]))
      t.deepEqual(await arrives(channel, mids), mids)
      await settled()
      // Behind all repeats, whichever queue holds them.
      const last = bodyOf(written(channel.account, 'zz-last'))
      t.is((await post(doors[0], channel, last)).status, 200)
      await waitFor(async () => (await messagesOf(channel)).includes('zz-last'), 60_000)
      t.deepEqual(await messagesOf(channel), [...mids, 'zz-last'])
      const [counted] = await sql<{ tickets: number; customers: number; notifications: number }>(
        `select (select count(*)::int from tickets where org_id = $1) as tickets,
           (select count(*)::int from customers where org_id = $1) as customers,
           (select count(*)::int from notifications where org_id = $1 and message_id is not null) as notifications`,
        [channel.person.orgId],
      )
      t.deepEqual(counted, { tickets: 1, customers: 1, notifications: BODIES + 1 })
    },
  )

  test.serial(
    `A14: ${profile}: of a body for many, with one that is malformed and one that is nobody's, all others are stored`,
    async (t) => {
      const channel = await aChannel()
      const mids = Array.from({ length: 98 }, (_, index) => `of-${String(index).padStart(2, '0')}`)
      const entries: object[] = mids.map((mid) => written(channel.account, mid))
      entries.splice(40, 0, written(channel.account, 'malformed', { message: [{ text: 7 }], timestamp: 'yesterday' }))
      entries.splice(60, 0, written('17841499999999999', 'of somebody else'))
      t.is((await post(doors[0], channel, bodyOf(...entries))).status, 200)
      t.deepEqual(await arrives(channel, mids), mids)
      const health = async () =>
        (
          await channel.person.api<{ health: { unroutable: number; unknown: number; quarantined: number } }>(
            'GET',
            `/channels/${channel.id}`,
          )
        ).body.health
      await waitFor(async () => (await health()).unroutable === 1, 60_000)
      t.like(await health(), { unroutable: 1, unknown: 1, quarantined: 0 })
      // The malformed one is kept as it came; the other one is not ours to keep.
      const raw = await sql<{ body: string }>(
        `select convert_from(body, 'UTF8') as body from raw_events where org_id = $1`,
        [channel.person.orgId],
      )
      t.is(raw.length, 1)
      t.true(raw[0]?.body.includes('"yesterday"'))
      t.false(raw[0]?.body.includes('of somebody else'))
    },
  )

  test.serial(
    `A18: ${profile}: while an app's secret is being changed both sign, at every process and at once, and the old one no longer after it`,
    async (t) => {
      const channel = await aChannel()
      const next = { ...channel, secret: planted('app-secret') }
      const change = async (config: object) => {
        const { status, body } = await channel.person.api('PATCH', `/channels/${channel.id}`, { config })
        t.is(status, 200, JSON.stringify(body))
      }
      const statuses = async (by: Channel) =>
        Promise.all(doors.map(async (door) => (await post(door, by, bodyOf(written(by.account, randomUUID())))).status))
      t.deepEqual(await statuses(channel), [200, 200])
      t.deepEqual(await statuses(next), [401, 401])
      await waitFor(async () => (await sql('select pg_sleep(1.1)')).length > 0)
      await change({ appSecret: next.secret, previousAppSecret: channel.secret })
      // Both processes have looked the channel up a moment ago.
      t.deepEqual(await statuses(next), [200, 200])
      t.deepEqual(await statuses(channel), [200, 200])
      await change({ previousAppSecret: null })
      const refused = async () => (await statuses(channel)).every((status) => status === 401)
      await waitFor(refused, 30_000)
      t.deepEqual(await statuses(next), [200, 200])
    },
  )

  test.serial(
    `A20: ${profile}: while the disk of the spool is full a delivery is 503 and never 200, and comes again`,
    async (t) => {
      const channel = await aChannel()
      t.is((await post(doors[0], channel, bodyOf(written(channel.account, 'a-before')))).status, 200)
      await arrives(channel, ['a-before'])
      const makeRoom = await fillDisk(stage.db.admin, 'jobs', `new.queue = 'inbound'`)
      await broker?.refuse()
      const during = bodyOf(written(channel.account, 'b-during'))
      for (const door of doors) {
        const { status, retryAfter } = await post(door, channel, during)
        t.is(status, 503)
        t.true(Number(retryAfter) > 0)
      }
      t.deepEqual(await messagesOf(channel), ['a-before'])
      await makeRoom()
      // The broker is still away: the spool alone takes it.
      await waitFor(async () => (await post(doors[0], channel, during)).status === 200, 30_000)
      t.deepEqual(await arrives(channel, ['a-before', 'b-during']), ['a-before', 'b-during'])
      await broker?.heal()
    },
  )
})
