import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from 'pg'
import { createInstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { createInstagramChannel } from '../../src/adapters/instagram/channel.ts'
import { instagramParser } from '../../src/adapters/instagram/inbound-parser.ts'
import { connectionConfig } from '../../src/adapters/persistence/connection.ts'
import type { ChannelId, RawEventId } from '../../src/core/ids.ts'
import type { DoubtJob } from '../../src/core/message/check-doubt.ts'
import type { Comments, HistoryReader, OutboundSender } from '../../src/ports/channel-adapter.ts'
import { anOwner } from '../builders/actors.ts'
import { type CoreOnDatabase, coreOn, type Inbox } from './core-on-database.ts'
import type { TestDatabase } from './database.ts'
import { createShop, type Shop } from './doubt-shop.ts'
import { workOff } from './replies.ts'
import { ids, seedChannel, seedOrganization } from './seed.ts'

export type DoubtStage = Awaited<ReturnType<typeof doubtStage>>

const LONG_MS = 10_000
/** A call that is answered with silence is given up after that. */
const SILENCE_MS = 60
const signal = new AbortController().signal

/**
 * The real use cases, stores and Instagram adapter against the simulator, on a clock that the test moves and that never goes
 * back. All shops share the clock; each is an organization with an account of its own.
 */
export async function doubtStage(db: TestDatabase) {
  let aheadMs = 0
  const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() }
  const simulator = await createInstagramSimulator({ clock: clock.now })
  const receivers = new Map<string, Inbox>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const inbox = receivers.get(new URL(request.url ?? '/', 'http://receiver').pathname.slice(1))
    if (inbox) {
      const { orgId, channelId } = inbox
      const delivery = { id: ids.next() as RawEventId, orgId, channelId, verified: true, requestId: randomUUID() }
      await desk.core.receiveWebhooks([{ ...delivery, body: Buffer.concat(chunks), receivedAt: clock.now() }])
    }
    response.end('EVENT_RECEIVED')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  // As its owner: what tests do to the server's clock no role of the product may.
  const owner = new Client(connectionConfig(db.admin, { applicationName: 'delightchat-tests' }))
  owner.on('error', () => {})
  await owner.connect()

  let timeoutMs = LONG_MS
  const config = {
    graphUrl: simulator.url,
    facebookGraphUrl: simulator.url,
    graphVersion: 'v26.0',
    get sendTimeoutMs() {
      return timeoutMs
    },
  }
  const instagram = createInstagramChannel(config, { fetch })
  const shops = new Map<ChannelId, Shop>()
  const shopFor = (channelId: ChannelId): Shop => {
    const shop = shops.get(channelId)
    if (!shop) throw new Error('nobody has this channel')
    return shop
  }
  const send: OutboundSender['send'] = (message, account) =>
    shopFor(account.channelId).send(message, (answer) => {
      // Read by the client before its first await: one call's own.
      timeoutMs = answer.endsWith('silence') ? SILENCE_MS : LONG_MS
      const sending = instagram.sender.send(message, account, signal)
      timeoutMs = LONG_MS
      return sending
    })
  const unreadable = { status: 'retry', afterMs: null, detail: 'planted: it cannot be read now' } as const
  const readable = <T>(channelId: ChannelId, read: () => Promise<T>) =>
    shopFor(channelId).isReadable ? read() : unreadable
  const history = {
    callsPerSecond: 10_000,
    withPerson: async (person, account, by) =>
      readable(account.channelId, () => (instagram.history as HistoryReader).withPerson(person, account, by)),
  } as HistoryReader
  const comments = {
    own: async (comment, account, by) =>
      readable(account.channelId, () => (instagram.comments as Comments).own(comment, account, by)),
  } as Comments
  const desk: CoreOnDatabase = coreOn(db, { poolSize: 8, clock, parser: instagramParser, send, history, comments })

  /** The jobs that were planned since, each for its shop and by our clock. */
  async function takeJobs(): Promise<void> {
    const taken = await owner.query<{ payload: Buffer; run_at: Date }>(
      `delete from jobs where queue = 'doubt-check' returning payload, run_at`,
    )
    for (const { payload, run_at } of taken.rows) {
      const job = JSON.parse(payload.toString()) as DoubtJob
      const dueAt = new Date(run_at.getTime() + aheadMs)
      shops.get(job.channelId)?.waiting.push({ job, attempt: 1, dueAt })
    }
  }

  async function runJobs(): Promise<void> {
    const due = [...shops.values()].flatMap(({ waiting }) => {
      const now = clock.now()
      const ready = waiting.filter(({ dueAt }) => dueAt <= now)
      for (const one of ready) waiting.splice(waiting.indexOf(one), 1)
      return ready.map((one) => ({ ...one, waiting }))
    })
    const look = async ({ job, attempt, waiting }: (typeof due)[number]): Promise<void> => {
      const outcome = await desk.core.checkDoubt(job, attempt, signal)
      if (outcome.status !== 'retry' && outcome.status !== 'wait') return
      const dueAt = new Date(clock.now().getTime() + outcome.afterMs)
      waiting.push({ job, attempt: outcome.status === 'retry' ? attempt + 1 : attempt, dueAt })
    }
    await Promise.all(due.map(look))
  }

  /** The server judges leases, turns and pauses by its own clock: what is over by ours is over by its. */
  async function syncServer(): Promise<void> {
    const now = [clock.now()]
    const past = `clock_timestamp() - interval '1 second'`
    await owner.query(`update send_lanes set lease_until = ${past} where state = 'HELD' and lease_until <= $1`, now)
    await owner.query(
      `update send_lanes set not_before = ${past} where state = 'READY' and not_before between clock_timestamp() and $1`,
      now,
    )
    await owner.query('delete from channel_pauses where until <= $1', now)
  }

  async function work(): Promise<void> {
    await syncServer()
    await workOff(desk)
    await desk.core.tellUnconfirmed()
    for (const shop of shops.values()) await shop.tellPrompt()
    await takeJobs()
  }

  return {
    desk,
    clock,
    work,
    /** Everything that falls due on the way happens at its time. */
    async pass(seconds: number): Promise<void> {
      const until = clock.now().getTime() + seconds * 1_000
      for (;;) {
        await work()
        const next = Math.min(
          until,
          ...[...shops.values()].flatMap(({ waiting }) => waiting.map(({ dueAt }) => dueAt.getTime())),
        )
        aheadMs += Math.max(0, next - clock.now().getTime())
        await runJobs()
        if (next >= until) break
      }
      await work()
    },
    async newShop(): Promise<Shop> {
      const organization = await seedOrganization(desk.orm)
      const account = simulator.account({})
      const channelId = await seedChannel(desk.orm, organization.orgId, {
        account: account.id,
        settings: { account: account.id },
        secrets: { accessToken: account.accessToken },
        now: clock.now(),
      })
      const { orgId, memberId, userId } = organization
      const actor = anOwner({ orgId, memberId, userId })
      const inbox = { ...organization, channelId, account: account.id, actor }
      const shop = createShop({ desk, simulator, clock, inbox, account, url: `http://127.0.0.1:${port}/${channelId}` })
      shops.set(channelId, shop)
      receivers.set(channelId, inbox)
      await shop.open()
      return shop
    },
    /** Its jobs and webhooks come no more. */
    leave: (shop: Shop) => {
      shops.delete(shop.inbox.channelId)
      receivers.delete(shop.inbox.channelId)
    },
    async close(): Promise<void> {
      await owner.end()
      await simulator.close()
      server.closeAllConnections()
      server.close()
    },
  }
}
