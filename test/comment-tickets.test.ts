import test from 'ava'
import { type ConnectStage, connectStage } from './support/connect-stage.ts'
import { connect, type MessageJson, settled, signUp, type TicketJson, ticketOf } from './support/inbox-client.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'

const PATIENCE_MS = 30_000

type Ticket = TicketJson &
  Readonly<{
    linkedTicketId: string | null
    window: Readonly<{ state: string; reason: string }>
    capabilities: Readonly<{ maxParts: number; publicReply: object | null }>
  }>
type Linked = MessageJson & Readonly<{ linkedTicketId: string | null; code?: string; detail?: string }>

// The program, the platform as the simulator, and what an API client and the customer's phone see of a comment's ticket.
onEachProfile((profile) => {
  let stage: ConnectStage
  test.before(async () => {
    stage = await connectStage(profile)
  })
  test.after.always(() => stage.close())

  async function aComment() {
    const { simulator } = stage
    const client = await signUp(stage.url)
    const { account } = await connect(client, simulator)
    const who = simulator.customer({ account })
    const read = async (ticketId: string) => (await client.call<Ticket>('GET', `/tickets/${ticketId}`)).body
    return {
      client,
      account,
      who,
      read,
      comment: async () => {
        const { mid } = await simulator.comment(who, 'How much is it?')
        return { mid: mid as string, ticket: await ticketOf(client, who, 'COMMENT') }
      },
      reply: (ticketId: string, content: string, more: object = {}) =>
        client.call<Linked>('POST', `/tickets/${ticketId}/messages`, { content, ...more }),
      shows: (ticketId: string, ...contents: string[]) =>
        waitFor(async () => {
          const found = await client.messages(ticketId)
          return found.map(({ content }) => content).join() === contents.join() ? found : null
        }, PATIENCE_MS),
      phone: () => simulator.received(who).map(({ text, privateReplyTo }) => ({ text, privateReplyTo })),
    }
  }

  // proves: out.private-reply-answered
  test.serial(
    `${profile}: a comment, its private reply, the answer and the talk that follows are one ticket`,
    async (t) => {
      const desk = await aComment()
      const { mid, ticket } = await desk.comment()
      t.like(await desk.read(ticket.id), { window: { state: 'OPEN' }, capabilities: { maxParts: 1 } })
      t.is((await desk.client.call('POST', `/tickets/${ticket.id}/typing`, { on: true })).status, 422)
      const photo = { attachments: [{ type: 'IMAGE', url: 'https://files.example/a.jpg' }] }
      for (const [audience, detail] of [
        ['PRIVATE', 'A comment takes text only until the customer writes directly.'],
        ['PUBLIC', 'A public reply takes text only.'],
      ] as const)
        t.like(await desk.reply(ticket.id, 'Look', { ...photo, audience }), {
          status: 422,
          body: { code: 'capability-missing', errors: [{ pointer: '/attachments', detail }] },
        })
      const first = await desk.reply(ticket.id, 'We wrote to you')
      t.like(first, { status: 201, body: { ticketId: ticket.id, linkedTicketId: null } })
      t.is((await settled(desk.client, first.body)).status, 'SENT')
      t.like(await desk.read(ticket.id), { window: { state: 'CLOSED' } })
      const second = await desk.reply(ticket.id, 'And once more')
      t.like(second, { status: 409, body: { code: 'comment-reply-used' } })
      t.regex(second.body.detail ?? '', /a direct message of theirs opens the way/)

      // A resolved ticket is open again by the answer.
      t.is((await desk.client.call('PATCH', `/tickets/${ticket.id}`, { status: 'RESOLVED' })).status, 200)
      await stage.simulator.dm(desk.who, 'Thanks! In blue?')
      await desk.shows(ticket.id, 'How much is it?', 'We wrote to you', 'Thanks! In blue?')
      t.like(await desk.read(ticket.id), {
        status: 'OPEN',
        unreadCount: 1,
        lastMessagePreview: 'Thanks! In blue?',
        window: { state: 'OPEN', reason: 'customer message' },
        capabilities: { maxParts: 25 },
      })
      // What the customer wrote directly can be reacted to and marked as seen, the comment cannot.
      const [commented, , answer] = await desk.client.messages(ticket.id)
      const react = (id: string | undefined) =>
        desk.client.call('PUT', `/tickets/${ticket.id}/messages/${id}/reaction`, { emoji: '❤️' })
      t.is((await react(answer?.id)).status, 200)
      t.like(await react(commented?.id), {
        status: 422,
        body: {
          code: 'capability-missing',
          detail: 'A comment takes no reactions; what the customer writes directly does.',
        },
      })
      t.is((await desk.client.call('POST', `/tickets/${ticket.id}/typing`, { on: true })).status, 204)
      t.is((await desk.client.call('PUT', `/tickets/${ticket.id}/seen`)).status, 204)

      const sticker = await desk.client.call<Linked>('POST', `/tickets/${ticket.id}/messages`, { sticker: 'HEART' })
      t.is(sticker.status, 201)
      const plain = await desk.reply(ticket.id, 'In blue too')
      t.is((await settled(desk.client, plain.body)).status, 'SENT')
      const [comment] = await desk.client.messages(ticket.id)
      t.like(await desk.reply(ticket.id, 'No', { replyToMessageId: comment?.id }), {
        status: 409,
        body: { code: 'comment-reply-used' },
      })
      t.deepEqual(desk.phone(), [
        { text: 'We wrote to you', privateReplyTo: mid },
        { text: null, privateReplyTo: null },
        { text: 'In blue too', privateReplyTo: null },
      ])
      // The echoes of all of it were taken in before the next message.
      await stage.simulator.dm(desk.who, 'Great')
      await desk.shows(ticket.id, 'How much is it?', 'We wrote to you', 'Thanks! In blue?', '', 'In blue too', 'Great')
      t.is((await desk.client.tickets()).length, 1)
    },
  )

  // proves: out.private-reply-answered
  test.serial(
    `${profile}: where a DM ticket is open, the private reply and the answer are there, with a link`,
    async (t) => {
      const desk = await aComment()
      await stage.simulator.dm(desk.who, 'Hello')
      const direct = await ticketOf(desk.client, desk.who, 'DM')
      const { mid, ticket } = await desk.comment()
      const clientMessageId = '0190a000-0000-7000-8000-00000000000c'
      const made = await desk.reply(ticket.id, 'We wrote to you', { clientMessageId })
      t.like(made, { status: 201, body: { ticketId: direct.id, linkedTicketId: ticket.id } })
      t.is(made.headers.get('location'), `/orgs/${desk.client.orgId}/tickets/${direct.id}/messages/${made.body.id}`)
      t.like(await desk.reply(ticket.id, 'We wrote to you', { clientMessageId }), {
        status: 200,
        body: { id: made.body.id },
      })
      t.is((await settled(desk.client, made.body)).status, 'SENT')
      t.is((await desk.client.message({ ticketId: ticket.id, id: made.body.id })).id, made.body.id)
      await stage.simulator.dm(desk.who, 'Thanks')
      await desk.shows(direct.id, 'Hello', 'We wrote to you', 'Thanks')
      await desk.shows(ticket.id, 'How much is it?')
      t.like(await desk.read(ticket.id), { linkedTicketId: direct.id, unreadCount: 0, window: { state: 'CLOSED' } })
      t.like(await desk.read(direct.id), { linkedTicketId: null, unreadCount: 1 })
      t.deepEqual(desk.phone(), [{ text: 'We wrote to you', privateReplyTo: mid }])
    },
  )
})
