import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import fc from 'fast-check'
import {
  createInstagramSimulator,
  type InstagramSimulator,
  type SimulatedAccount,
  type SimulatedCustomer,
} from '../../dev/instagram-simulator/index.ts'
import { createInstagramChannel } from '../../src/adapters/instagram/channel.ts'
import { instagramParser } from '../../src/adapters/instagram/inbound-parser.ts'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { OutboundMessage } from '../../src/core/channel/delivery.ts'
import type { ExternalAccountId, MessageId, RawEventId, TicketId } from '../../src/core/ids.ts'
import type { ReplyContent } from '../../src/core/message/compose-reply.ts'
import { statusOfParts } from '../../src/core/message/message-status.ts'
import type { MessageView, PartView } from '../../src/ports/views.ts'
import { type CoreOnDatabase, coreOn, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all } from '../support/inbox-state.ts'
import { ids, seedChannel } from '../support/seed.ts'

const FAULTS = [
  'none',
  'refusal',
  'throttle',
  'delivered-then-500',
  'delivered-then-500, echo withheld',
  'nothing delivered, then 500',
  'echo before the answer',
  'echo withheld',
  'killed before the call',
  'killed after the call',
] as const
type Fault = (typeof FAULTS)[number]

/** What the ledger must say of a part that met this. */
const OUTCOME: Readonly<Record<Fault, Readonly<{ arrives: boolean; status: PartView['status']; echo: boolean }>>> = {
  none: { arrives: true, status: 'SENT', echo: true },
  refusal: { arrives: false, status: 'FAILED', echo: false },
  throttle: { arrives: true, status: 'SENT', echo: true },
  'delivered-then-500': { arrives: true, status: 'SENT', echo: true },
  'delivered-then-500, echo withheld': { arrives: true, status: 'UNKNOWN', echo: false },
  'nothing delivered, then 500': { arrives: false, status: 'UNKNOWN', echo: false },
  'echo before the answer': { arrives: true, status: 'SENT', echo: true },
  'echo withheld': { arrives: true, status: 'SENT', echo: false },
  'killed before the call': { arrives: false, status: 'UNKNOWN', echo: false },
  'killed after the call': { arrives: true, status: 'SENT', echo: true },
}

const image = (name: string) => ({ type: 'IMAGE', url: `https://files.example/${name}.jpg` }) as const

onEachProfile((profile) => {
  let db: TestDatabase
  let desk: CoreOnDatabase
  let simulator: InstagramSimulator
  let account: SimulatedAccount
  let inbox: Inbox
  /** Of the next parts, in their order; each is met once. */
  let script: Fault[] = []
  let current: Fault = 'none'
  /** Bubbles whose echo never comes. */
  const withheld = new Set<string>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    await receive(Buffer.concat(chunks))
    response.end('EVENT_RECEIVED')
  })

  const receive = (body: Uint8Array) =>
    desk.core.receiveWebhooks([
      {
        id: ids.next() as RawEventId,
        orgId: inbox.orgId,
        channelId: inbox.channelId,
        body,
        verified: true,
        receivedAt: new Date(),
        requestId: randomUUID(),
      },
    ])

  test.before(async () => {
    db = await testDatabase(profile)
    simulator = await createInstagramSimulator()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    account = simulator.account({ webhookUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` })
    simulator.onBubble((_, { mid, from }) => {
      if (from === 'business' && !OUTCOME[current].echo) withheld.add(mid)
    })
    const config = { graphUrl: simulator.url, facebookGraphUrl: simulator.url, graphVersion: 'v26.0' }
    const { sender } = createInstagramChannel(config, { fetch })
    const send = (message: OutboundMessage, _: unknown, signal: AbortSignal) =>
      sender.send(
        message,
        {
          orgId: inbox.orgId,
          channelId: inbox.channelId,
          account: account.id as ExternalAccountId,
          settings: {},
          secrets: { accessToken: account.accessToken },
        },
        signal,
      )
    desk = coreOn(db, {
      poolSize: 8,
      parser: instagramParser,
      send: async (message, channel, signal) => {
        const fault = script.shift() ?? 'none'
        current = fault
        plant(fault)
        if (fault === 'killed before the call') throw new Error('planted: killed')
        const delivery = await send(message, channel, signal)
        if (fault === 'killed after the call') throw new Error('planted: killed')
        // A throttled one comes again and meets nothing more.
        if (fault === 'throttle') script.unshift('none')
        return delivery
      },
    })
    const organization = await seedInbox(desk.orm)
    const channelId = await seedChannel(desk.orm, organization.orgId, {
      account: account.id,
      settings: { account: account.id },
    })
    inbox = { ...organization, channelId }
  })
  test.after.always(async () => {
    await simulator?.close()
    server.closeAllConnections()
    server.close()
    await db?.close()
  })

  function plant(fault: Fault): void {
    if (fault === 'refusal') simulator.fault({ kind: 'refusal', code: 100 })
    if (fault === 'throttle') simulator.fault({ kind: 'throttle' })
    if (fault.startsWith('delivered-then-500')) simulator.fault({ kind: 'delivered-then-500' })
    if (fault === 'nothing delivered, then 500') simulator.fault({ kind: 'server-error' })
    if (fault === 'echo before the answer') simulator.fault({ kind: 'echo-before-answer', pauseMs: 0 })
    if (fault.endsWith('echo withheld')) simulator.fault({ kind: 'echo-withheld' })
  }

  type Talk = Readonly<{ who: SimulatedCustomer; ticketId: TicketId }>
  async function aTalk(): Promise<Talk> {
    const who = simulator.customer({ account })
    await simulator.dm(who, 'Hello')
    const [customers, tickets] = [
      await all((page) => desk.queries.customers(inbox.orgId, {}, page)),
      await all((page) => desk.queries.tickets(inbox.orgId, {}, page)),
    ]
    const customer = customers.find(({ externalId }) => externalId === who.id)
    const ticket = tickets.find(({ customerId }) => customerId === customer?.id)
    if (!ticket) throw new Error('there is no ticket')
    return { who, ticketId: ticket.id }
  }

  const say = async ({ ticketId }: Talk, content: ReplyContent): Promise<MessageId> =>
    (await desk.core.sendReply(inbox.actor, { ...content, ticketId, via: 'INBOX' })).messageId

  const read = async ({ ticketId }: Talk, id: MessageId): Promise<MessageView> => {
    const message = await desk.queries.message(inbox.orgId, ticketId, id)
    if (!message) throw new Error('there is no such message')
    return message
  }

  const outbound = async ({ ticketId }: Talk) =>
    (
      await all(async (page) => {
        const found = await desk.queries.messages(inbox.orgId, ticketId, 'asc', page)
        if (!found) throw new Error('there is no such ticket')
        return found
      })
    ).filter(({ direction }) => direction === 'OUTBOUND')

  /** Leases, holds and pauses are over. */
  const timePasses = () =>
    inOrganization(desk.orm, inbox.orgId, async (tx) => {
      await tx.affected(
        `update send_lanes set not_before = now(), lease_until = case when lease_until is not null then now() - interval '1 second' end where org_id = $1`,
        [inbox.orgId],
      )
      await tx.affected('delete from channel_pauses where org_id = $1', [inbox.orgId])
    })

  /** A worker that dies leaves its part to the next one. */
  async function workOff(talk: Talk, id: MessageId): Promise<MessageView> {
    for (let round = 0; round < 40; round++) {
      const begun = await desk.core.deliverDue(10, new AbortController().signal)
      await Promise.allSettled(begun)
      await echoesCame(talk)
      const message = await read(talk, id)
      if (!message.parts.some(({ status }) => status === 'QUEUED' || status === 'SENDING')) return message
      if (begun.length === 0) await timePasses()
    }
    throw new Error('the parts do not come to an end')
  }

  /** Those that are not withheld. */
  const echoesCame = async ({ who }: Talk) => {
    const due = () => simulator.received(who).filter(({ mid }) => !withheld.has(mid))
    await simulator.waitFor(() =>
      due().every(({ mid }) => simulator.webhooks.some((webhook) => webhook.mid === mid && webhook.status === 200)),
    )
  }

  const shown = (part: PartView): string =>
    part.sticker ?? part.content ?? `${part.attachment?.type.toLowerCase()} ${part.attachment?.url}`
  const bubbles = ({ who }: Talk) =>
    simulator
      .received(who)
      .map(({ text, attachments: [one] }) =>
        one?.type === 'like_heart' ? 'HEART' : (text ?? `${one?.type} ${one?.url}`),
      )

  const reply = fc.record({
    images: fc.array(fc.constantFrom('same', 'same', 'other'), { maxLength: 3 }),
    isHeart: fc.boolean(),
    text: fc.constantFrom('', 'Short', `${'first '.repeat(160)}end. ${'second '.repeat(120)}`),
    faults: fc.array(fc.constantFrom(...FAULTS), { minLength: 6, maxLength: 6 }),
  })

  // proves: out.several
  test.serial(
    `D21: ${profile}: whatever happens to its parts, each is on the phone at most once, in order and as its status says`,
    async (t) => {
      t.timeout(180_000)
      await fc.assert(
        fc.asyncProperty(reply, async ({ images, isHeart, text, faults }) => {
          if (images.length === 0 && !isHeart && text === '') return
          simulator.clearFaults()
          script = [...faults]
          const talk = await aTalk()
          const id = await say(talk, {
            attachments: images.map(image),
            ...(isHeart && { sticker: 'HEART' as const }),
            ...(text !== '' && { content: text, split: true }),
          })
          const queued = await read(talk, id)
          const message = await workOff(talk, id)
          const expected = queued.parts.map((part, index) => ({ part, ...OUTCOME[faults[index] as Fault] }))
          t.deepEqual(
            bubbles(talk),
            expected.filter(({ arrives }) => arrives).map(({ part }) => shown(part)),
          )
          t.deepEqual(
            message.parts.map(({ status }) => status),
            expected.map(({ status }) => status),
          )
          const mids = simulator.received(talk.who).map(({ mid }) => mid)
          const arrived = message.parts.filter((_, index) => expected[index]?.arrives)
          for (const [index, { status, externalId }] of arrived.entries())
            t.is(externalId, status === 'SENT' ? (mids[index] ?? '') : null)
          t.is(message.status, statusOfParts(message.parts.map(({ status }) => status)))
          t.is(message.content, text === '' ? null : text)
          t.is((await outbound(talk)).length, 1)
        }),
        { numRuns: 12, endOnFailure: true },
      )
    },
  )

  const images = (...names: string[]) => ({ attachments: names.map(image) })

  test.serial(
    `${profile}: a part that fails does not keep the rest back, and trying again sends only that one`,
    async (t) => {
      const talk = await aTalk()
      script = ['refusal', 'none', 'none']
      const id = await say(talk, { ...images('a', 'b'), content: 'Both of them' })
      const partly = await workOff(talk, id)
      t.is(partly.status, 'FAILED')
      t.is(partly.failure?.code, 'content-refused')
      t.deepEqual(
        partly.parts.map(({ status, failure }) => `${status} ${failure?.code ?? '-'}`),
        ['FAILED content-refused', 'SENT -', 'SENT -'],
      )
      t.deepEqual(
        partly.parts.map(({ sentAt }) => sentAt !== null),
        [false, true, true],
      )
      await desk.core.retryMessage(inbox.actor, { ticketId: talk.ticketId, messageId: id })
      t.is((await read(talk, id)).status, 'QUEUED')
      const whole = await workOff(talk, id)
      t.deepEqual([whole.status, whole.failure], ['SENT', null])
      t.deepEqual(bubbles(talk), [
        'image https://files.example/b.jpg',
        'Both of them',
        'image https://files.example/a.jpg',
      ])
      await t.throwsAsync(desk.core.retryMessage(inbox.actor, { ticketId: talk.ticketId, messageId: id }), {
        code: 'not-failed',
      })
    },
  )

  test.serial(
    `${profile}: a part in doubt holds the rest back until its echo comes, and the message says so`,
    async (t) => {
      const talk = await aTalk()
      script = ['delivered-then-500, echo withheld', 'none']
      const id = await say(talk, { ...images('a'), content: 'Words' })
      for (let round = 0; round < 3; round++)
        await Promise.allSettled(await desk.core.deliverDue(10, new AbortController().signal))
      const held = await read(talk, id)
      t.is(held.status, 'UNKNOWN')
      t.deepEqual(
        held.parts.map(({ status }) => status),
        ['UNKNOWN', 'QUEUED'],
      )
      const [bubble] = simulator.received(talk.who)
      if (bubble) await simulator.echo(talk.who, bubble)
      t.deepEqual(
        (await workOff(talk, id)).parts.map(({ status, externalId }) => `${status} ${externalId}`),
        simulator.received(talk.who).map(({ mid }) => `SENT ${mid}`),
      )
      t.is((await outbound(talk)).length, 1)
    },
  )

  test.serial(`${profile}: a part that is taken back is empty everywhere, and what is left stays`, async (t) => {
    const talk = await aTalk()
    script = []
    const id = await say(talk, { ...images('secret'), content: 'The planted words of a reply' })
    const [picture, words] = (await workOff(talk, id)).parts
    const unsend = (mid: string | null | undefined) =>
      receive(
        Buffer.from(
          JSON.stringify({
            object: 'instagram',
            entry: [
              {
                id: account.id,
                time: Date.now(),
                messaging: [
                  {
                    sender: { id: account.id },
                    recipient: { id: talk.who.id },
                    timestamp: Date.now(),
                    message: { mid, is_deleted: true, is_echo: true },
                  },
                ],
              },
            ],
          }),
        ),
      )
    await unsend(picture?.externalId)
    const without = await read(talk, id)
    t.deepEqual(without.attachments, [])
    t.is(without.parts[0]?.attachment, null)
    t.truthy(without.parts[0]?.deletedAt)
    t.deepEqual([without.content, without.deletedAt], ['The planted words of a reply', null])
    await unsend(words?.externalId)
    const gone = await read(talk, id)
    t.is(gone.content, null)
    t.is(gone.parts[1]?.content, null)
    t.truthy(gone.deletedAt)
    const left = await inOrganization(desk.orm, inbox.orgId, (tx) =>
      tx.rows(
        `select 1 from messages m where m.id = $1 and m::text like '%planted words%'
         union all select 1 from message_parts p where p.message_id = $1 and p::text like '%planted words%'
         union all select 1 from attachments a where a.message_id = $1
         union all select 1 from idempotency_keys k where k::text like '%planted words%'`,
        [id],
      ),
    )
    t.deepEqual(left, [])
  })

  test.serial(`${profile}: the same clientMessageId with anything else in the body is another request`, async (t) => {
    const talk = await aTalk()
    const clientMessageId = randomUUID()
    const post = (content: ReplyContent) =>
      desk.core.sendReply(inbox.actor, { ...content, ticketId: talk.ticketId, clientMessageId, via: 'API' })
    const first = await post({ content: 'One', ...images('a') })
    t.is((await post({ ...images('a'), content: 'One' })).messageId, first.messageId)
    for (const other of [{ content: 'One' }, { content: 'One', ...images('b') }, { content: 'Two', ...images('a') }])
      await t.throwsAsync(post(other), { code: 'idempotency-key-reused' })
    await workOff(talk, first.messageId)
  })
})
