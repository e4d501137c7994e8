import test from 'ava'
import type { SimulatedAccount } from '../dev/instagram-simulator/index.ts'
import { SseClient } from './adapters/http/support/sse-client.ts'
import { type ConnectStage, connectStage, type Person } from './support/connect-stage.ts'
import type { ChannelJson, MessageJson, TicketJson } from './support/inbox-client.ts'
import { planted } from './support/planted.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { onServer } from './support/template.ts'

const KEY = planted('installation-token')
const PATIENCE_MS = 20_000

type Shop = Readonly<{ person: Person; account: SimulatedAccount; channel: ChannelJson }>
type Heard = Readonly<{ status: number | null }>

onEachProfile((profile) => {
  let stage: ConnectStage
  let permissive: ConnectStage
  test.before(async () => {
    stage = await connectStage(profile, { INSTAGRAM_API_KEY: KEY })
    permissive = await connectStage(profile, { ALLOW_UNVERIFIED_WEBHOOKS: 'true' })
  })
  test.after.always(async () => {
    await stage?.close()
    await permissive?.close()
  })

  const addChannel = (person: Person, config: object) =>
    person.api<ChannelJson & { errors?: readonly { pointer: string }[] }>('POST', '/channels', {
      type: 'INSTAGRAM',
      name: 'Shop',
      config,
    })

  /** Somebody with a channel whose settings were entered by hand. */
  async function shop(on: ConnectStage, config: object = {}): Promise<Shop> {
    const account = on.simulator.account({ accessToken: planted('access-token'), appSecret: planted('app-secret') })
    const { id: pageId, accessToken, appSecret } = account
    const person = await on.person()
    const made = await addChannel(person, { pageId, accessToken, appSecret, ...config })
    if (made.status !== 201) throw new Error(JSON.stringify(made.body))
    account.webhookUrl = `${on.url}/webhook/${made.body.id}`
    return { person, account, channel: made.body }
  }

  const tickets = async ({ person }: Pick<Shop, 'person'>) =>
    (await person.api<{ data: TicketJson[] }>('GET', '/tickets')).body.data
  const previews = async (of: Pick<Shop, 'person'>) => (await tickets(of)).map((ticket) => ticket.lastMessagePreview)
  const healthOf = async ({ person, channel }: Shop) =>
    (await person.api<ChannelJson>('GET', `/channels/${channel.id}`)).body.health
  const rawBodies = async (on: ConnectStage, { person }: Shop) =>
    onServer(on.db.admin, async (client) => {
      const found = await client.query<{ body: string }>(
        `select convert_from(body, 'UTF8') as body from raw_events where org_id = $1`,
        [person.orgId],
      )
      return found.rows.map(({ body }) => body)
    })

  const cookie = ({ person }: Shop) => [...person.browser.cookies].map((pair) => pair.join('=')).join('; ')

  const forgeries = {
    'no signature': { headers: { 'X-Hub-Signature-256': '' } },
    'a sham signature': { headers: { 'X-Hub-Signature-256': 'sha256=test_signature' } },
    "another app's signature": { secret: 'a made-up secret' },
  }
  const tunnelled = { headers: { 'x-forwarded-for': '127.0.0.1' } }

  test.serial(`${profile}: a missing token is the installation's while it has one organization`, async (t) => {
    const first = await stage.person()
    const account = stage.simulator.account({ accessToken: KEY, appSecret: planted('app-secret') })
    const config = { pageId: account.id, appSecret: account.appSecret }
    const made = await addChannel(first, config)
    t.is(made.status, 201)
    account.webhookUrl = `${stage.url}/webhook/${made.body.id}`
    const customer = stage.simulator.customer({ account })
    await stage.simulator.dm(customer, 'does it speak for the shop?')
    const ticket = await waitFor(async () => (await tickets({ person: first }))[0], PATIENCE_MS)
    const reply = await first.api<MessageJson>('POST', `/tickets/${ticket.id}/messages`, { content: 'It does.' })
    t.is(reply.status, 201)
    await waitFor(() => stage.simulator.received(customer).some(({ text }) => text === 'It does.'), PATIENCE_MS)

    const second = await stage.person()
    for (const person of [first, second]) {
      const refused = await addChannel(person, { ...config, pageId: `${account.id}1` })
      t.like(refused, { status: 422, body: { code: 'channel-config-invalid' } })
      t.deepEqual(
        refused.body.errors?.map(({ pointer }) => pointer),
        ['/config/accessToken'],
      )
    }
  })

  test.serial(`${profile}: a forged delivery is 401, counted, and leaves nothing`, async (t) => {
    const one = await shop(stage)
    const customer = stage.simulator.customer({ account: one.account })
    for (const forgery of Object.values(forgeries)) {
      const here: Heard = await stage.simulator.dm(customer, 'forged', forgery)
      t.is(here.status, 401)
    }
    t.is((await stage.simulator.dm(customer, 'true')).status, 200)
    await waitFor(async () => (await previews(one)).length === 1, PATIENCE_MS)
    await waitFor(async () => (await healthOf(one)).badSignatures === 3, PATIENCE_MS)
    const kept = await rawBodies(stage, one)
    t.is(kept.length, 1)
    t.false(kept.join().includes('forged'))

    const open = await shop(stage, { appSecret: undefined })
    const sent = stage.simulator.dm(
      stage.simulator.customer({ account: open.account }),
      'signed with what nobody knows',
    )
    t.is((await sent).status, 503)
    t.deepEqual(await rawBodies(stage, open), [])
  })

  test.serial(
    `${profile}: under the switch a forged delivery counts from this machine, and not through a tunnel`,
    async (t) => {
      const one = await shop(permissive)
      const customer = permissive.simulator.customer({ account: one.account })
      for (const forgery of Object.values(forgeries)) {
        const through = {
          ...forgery,
          headers: { ...('headers' in forgery ? forgery.headers : {}), ...tunnelled.headers },
        }
        t.is((await permissive.simulator.dm(customer, 'through a tunnel', through)).status, 401)
      }
      t.is((await permissive.simulator.dm(customer, 'signed, through a tunnel', tunnelled)).status, 200)
      t.is((await permissive.simulator.dm(customer, 'by hand', forgeries['a sham signature'])).status, 200)
      const messages = await waitFor(async () => {
        const [ticket] = await tickets(one)
        const path = `/tickets/${ticket?.id}/messages`
        const { data } = (await one.person.api<{ data: (MessageJson & { verified: boolean })[] }>('GET', path)).body
        return data?.length === 2 ? data : null
      }, PATIENCE_MS)
      t.deepEqual(
        messages.map(({ content, verified }) => [content, verified]),
        [
          ['signed, through a tunnel', true],
          ['by hand', false],
        ],
      )
      await waitFor(async () => (await healthOf(one)).badSignatures === 3, PATIENCE_MS)
      t.is((await rawBodies(permissive, one)).length, 2)
    },
  )

  test.serial(`${profile}: whoever signs for one account cannot speak for another organization's`, async (t) => {
    const [mine, theirs] = [await shop(stage), await shop(stage)]
    const { simulator } = stage
    const wrote = (of: Shop, text: string) =>
      simulator.dm(simulator.customer({ account: of.account }), text, { hold: true })
    const foreign = [await wrote(theirs, 'for them alone'), await wrote(mine, 'for me')]
    const mixed = await simulator.together(foreign, {
      url: mine.account.webhookUrl ?? '',
      secret: mine.account.appSecret,
    })
    t.is(mixed.status, 200)
    t.is((await simulator.dashboardTest(mine.account)).status, 200)
    t.is((await simulator.dashboardTest(mine.account, 'comments')).status, 200)
    await waitFor(async () => (await healthOf(mine)).unroutable === 3, PATIENCE_MS)
    await waitFor(async () => (await previews(mine)).length === 1, PATIENCE_MS)

    t.deepEqual(await previews(mine), ['for me'])
    t.deepEqual(await previews(theirs), [])
    t.is((await healthOf(theirs)).unroutable, 0)
    t.deepEqual(await rawBodies(stage, theirs), [])
    const kept = await rawBodies(stage, mine)
    t.is(kept.length, 1)
    t.false(kept.join().includes('for them alone'), 'not even as it came')
    for (const { person } of [mine, theirs]) {
      const customers = await person.api<{ data: unknown[] }>('GET', '/customers')
      t.is(customers.body.data.length, person === mine.person ? 1 : 0)
    }
    t.deepEqual(stage.log.of('error'), [])
  })

  test.serial(`${profile}: a stream goes on behind the last event it had, without gap or repeat`, async (t) => {
    const [one, other] = [await shop(stage), await shop(stage)]
    const customer = stage.simulator.customer({ account: one.account })
    const stream = (of: Shop, after: number) =>
      new SseClient(`${stage.url}/orgs/${of.person.orgId}/events/stream`, {
        cookie: cookie(of),
        'last-event-id': String(after),
      }).opened()
    const streams = [await stream(one, 0), await stream(other, 0)] as const
    t.teardown(() => {
      for (const open of streams) open.disconnect()
    })
    const [first, others] = streams
    await stage.simulator.dm(customer, 'while you watch')
    await waitFor(() => first.names().includes('notification.created'), PATIENCE_MS)
    for (const name of ['customer.created', 'ticket.created', 'message.created']) t.true(first.names().includes(name))
    first.disconnect()
    const last = first.seqs.at(-1) ?? 0

    for (const text of ['while you', 'are away']) await stage.simulator.dm(customer, text)
    await waitFor(async () => (await previews(one))[0] === 'are away', PATIENCE_MS)
    const again = await stream(one, last)
    t.teardown(() => again.disconnect())
    await stage.simulator.dm(customer, 'and again')
    const logged = async () =>
      (await one.person.api<{ data: { seq: number; type: string }[] }>('GET', '/events?after=0&limit=100')).body.data
    // The last that a message makes is its notification.
    const told = async () => (await logged()).filter(({ type }) => type === 'notification.created')
    await waitFor(async () => (await told()).length === 4, PATIENCE_MS)
    const all = (await logged()).map(({ seq }) => seq)
    await waitFor(() => again.seqs.includes(all.at(-1) ?? 0), PATIENCE_MS)
    t.deepEqual([...first.seqs, ...again.seqs], all)
    t.deepEqual(others.seqs, [])
  })

  // proves: thread.optin
  test.serial(`${profile}: who opts in is a customer and an event, in the log and on the stream, once`, async (t) => {
    const one = await shop(stage)
    const customer = stage.simulator.customer({ account: one.account })
    const stream = await new SseClient(`${stage.url}/orgs/${one.person.orgId}/events/stream`, {
      cookie: cookie(one),
      'last-event-id': '0',
    }).opened()
    t.teardown(() => stream.disconnect())
    await stage.simulator.optin(customer, { payload: 'weekly-news' })
    const delivery = stage.simulator.webhooks.at(-1)
    if (!delivery) return t.fail()
    for (let repeat = 0; repeat < 2; repeat++) await stage.simulator.deliver(delivery)
    // Whatever came before it is told of by then.
    await stage.simulator.dm(customer, 'hello')
    await waitFor(() => stream.names().includes('notification.created'), PATIENCE_MS)

    const [opted, ...more] = stream.events.filter(({ event }) => event === 'customer.opted_in')
    t.deepEqual(more, [])
    t.like(opted?.data, { type: 'customer.opted_in', ticketId: null, data: { externalId: customer.id } })
    t.like(opted?.data['changes'], { payload: 'weekly-news' })
    const { data } = (await one.person.api<{ data: { type: string; id: string }[] }>('GET', '/events')).body
    const logged = data.filter(({ type }) => type === 'customer.opted_in')
    t.deepEqual(
      logged.map(({ id }) => id),
      [opted?.data['id']],
    )
    t.is(data.filter(({ type }) => type === 'customer.created').length, 1)
    t.is(data.filter(({ type }) => type === 'notification.created').length, 1)
  })
})
