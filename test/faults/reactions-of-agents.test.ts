import ava from 'ava'
import type { InstagramSimulator, SimulatedCustomer } from '../../dev/instagram-simulator/index.ts'
import { onEachProfile } from '../support/database.ts'
import { fewAtOnce } from '../support/few-at-once.ts'
import { connect, type InboxClient, type MessageJson, signUp, ticketOf } from '../support/inbox-client.ts'
import type { MainProcess } from '../support/main-process.ts'
import { waitFor } from '../support/processes.ts'
import { type ShopStage, shopStage } from '../support/shop-stage.ts'

const test = fewAtOnce(ava)

onEachProfile((profile) => {
  // Every test has an account of its own.
  let stage: ShopStage
  let simulator: InstagramSimulator
  let main: MainProcess

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await shopStage(profile, 'reactions-of-agents')
    ;({ main, simulator } = stage)
  })

  test.after.always(async (t) => {
    t.timeout(60_000)
    await stage?.close(t)
  })

  type Reaction = Readonly<{
    emoji: string
    name: string
    author: Readonly<{ type: string; name: string | null }>
    status: string
    failure: Readonly<{ code: string; detail: string; platformCode: string | null }> | null
  }>
  type Reacted = MessageJson & Readonly<{ reactions: readonly Reaction[]; code?: string }>

  async function aMessage(login: 'instagram' | 'facebook' = 'instagram') {
    const client = await signUp(main.url)
    const { account, channel } = await connect(client, simulator, {
      account: { login } as object,
      ...loginConfig(login),
    })
    const who = simulator.customer({ account })
    const { mid } = await simulator.dm(who, 'The parcel is here, thank you!')
    const ticket = await ticketOf(client, who)
    const [message] = await client.messages(ticket.id)
    if (!message) throw new Error('the message is not there')
    const path = `/tickets/${ticket.id}/messages/${message.id}/reaction`
    return { client, account, channel, who, mid: mid as string, ticket, message, path }
  }

  const loginConfig = (login: string) => (login === 'facebook' ? { config: { login } } : {})

  const react = (client: InboxClient, path: string, emoji: string) => client.call<Reacted>('PUT', path, { emoji })
  const reactionsOf = async (client: InboxClient, message: MessageJson) =>
    ((await client.message(message)) as Reacted).reactions
  const phoneOf = (who: SimulatedCustomer) => simulator.ledger().phones.find(({ id }) => id === who.id)
  const until = (client: InboxClient, message: MessageJson, status: string) =>
    waitFor(async () => {
      const all = await reactionsOf(client, message)
      if (all.some((one) => one.status === status)) return all
      throw new Error(`it shows ${JSON.stringify(all)}`)
    }, 60_000)
  const actions = (accountId: string) =>
    simulator.calls.filter(({ accountId: id, route }) => id === accountId && route === 'sender-action').length

  // proves: out.react
  test(`${profile}: a reaction of an agent is on the message at once and on the customer’s phone soon, and replaces the one before`, async (t) => {
    const { client, who, mid, message, path } = await aMessage()
    const put = await react(client, path, '❤')
    t.is(put.status, 200)
    t.like(put.body.reactions[0], { emoji: '❤️', name: 'love', author: { type: 'MEMBER', name: 'Sam' } })
    t.true(['PENDING', 'SENT'].includes(put.body.reactions[0]?.status ?? ''))
    t.like(await until(client, message, 'SENT'), [
      { emoji: '❤️', author: { type: 'MEMBER', name: 'Sam' }, failure: null },
    ])
    t.deepEqual(phoneOf(who)?.reactions, [{ mid, emoji: '❤️' }])
    await react(client, path, '🎉')
    await waitFor(() => phoneOf(who)?.reactions[0]?.emoji === '🎉')
    const shown = await until(client, message, 'SENT')
    t.is(shown.length, 1)
    t.like(shown[0], { emoji: '🎉', name: 'other', author: { type: 'MEMBER' } })
    const { body: log } = await client.call<{ data: { type: string; actor: { type: string } }[] }>(
      'GET',
      '/events?limit=100',
    )
    const told = log.data.filter(({ type }) => type.startsWith('message.reaction'))
    t.deepEqual(
      told.map(({ type, actor }) => [type, actor.type]),
      [
        ['message.reaction_added', 'MEMBER'],
        ['message.reaction_status_changed', 'SYSTEM'],
        ['message.reaction_added', 'MEMBER'],
        ['message.reaction_status_changed', 'SYSTEM'],
      ],
    )
  })

  test(`${profile}: the same reaction again asks the platform nothing`, async (t) => {
    const { client, account, message, path } = await aMessage()
    await react(client, path, '👍')
    await until(client, message, 'SENT')
    t.is((await react(client, path, '👍')).status, 200)
    t.is((await client.call('DELETE', path)).status, 204)
    await waitFor(async () => (await reactionsOf(client, message)).length === 0)
    t.is((await client.call('DELETE', path)).status, 204)
    await waitFor(() => actions(account.id) === 2)
    await react(client, path, '😂')
    await until(client, message, 'SENT')
    t.is(actions(account.id), 3)
  })

  // proves: out.unreact
  test(`${profile}: a reaction that is taken back is gone here and on the phone`, async (t) => {
    const { client, who, message, path } = await aMessage()
    await react(client, path, '❤️')
    await until(client, message, 'SENT')
    t.is((await client.call('DELETE', path)).status, 204)
    t.deepEqual(await reactionsOf(client, message), [])
    await waitFor(() => phoneOf(who)?.reactions.length === 0)
    t.deepEqual(await reactionsOf(client, message), [])
  })

  test(`${profile}: a reaction that the platform tells back is the same one, and still the agent’s`, async (t) => {
    const { client, account, mid, message, path } = await aMessage()
    await react(client, path, '❤️')
    await until(client, message, 'SENT')
    const own = { ...simulator.customer({ account }), id: account.id }
    await simulator.react(own, mid, { emoji: '❤' })
    await waitFor(() => simulator.webhooks.some(({ body, status }) => status === 200 && body.includes('"reaction"')))
    // Whatever comes after it in the same channel has been taken in after it.
    await simulator.react(simulator.customer({ account }), mid, { emoji: '👏' })
    const all = await waitFor(async () => {
      const now = await reactionsOf(client, message)
      return now.length > 1 ? now : null
    }, 30_000)
    t.deepEqual(all.map(({ emoji, author }) => [emoji.replace('\ufe0f', ''), author.type]).sort(), [
      ['❤', 'MEMBER'],
      ['👏', 'CUSTOMER'],
    ])
  })

  test(`${profile}: a refusal is shown with its reason, beside what the customer still sees`, async (t) => {
    const { client, account, who, mid, message, path } = await aMessage()
    await react(client, path, '❤️')
    await until(client, message, 'SENT')
    const refusing = { kind: 'refusal', code: 551, subcode: 1545041 } as const
    simulator.fault(refusing, { on: 'sender-action', account: account.id })
    await react(client, path, '😂')
    const [still, refused] = await until(client, message, 'FAILED')
    t.like(still, { emoji: '❤️', status: 'SENT', failure: null, author: { type: 'MEMBER' } })
    t.like(refused, {
      emoji: '😂',
      status: 'FAILED',
      failure: { code: 'recipient-unavailable', platformCode: '551/1545041' },
    })
    t.is(refused?.failure?.detail, 'They may have blocked the account or do not take messages.')
    t.deepEqual(phoneOf(who)?.reactions, [{ mid, emoji: '❤️' }])
    simulator.fault(refusing, { on: 'sender-action', account: account.id })
    await client.call('DELETE', path)
    const kept = await waitFor(async () => {
      const now = await reactionsOf(client, message)
      return now[0]?.failure ? now : null
    }, 30_000)
    t.like(kept, [{ emoji: '❤️', status: 'SENT', failure: { code: 'recipient-unavailable' } }])
    // Wanting what is there gives the refused wish up, and wanting it again tries again.
    t.like((await react(client, path, '❤️')).body.reactions, [{ emoji: '❤️', status: 'SENT', failure: null }])
    await client.call('DELETE', path)
    await waitFor(() => phoneOf(who)?.reactions.length === 0)
  })

  // First and alone: it ends the program.
  test.serial(`${profile}: a reaction survives a lost answer and a restart`, async (t) => {
    t.timeout(120_000)
    const { client, account, who, mid, message, path } = await aMessage()
    simulator.fault({ kind: 'timeout' }, { on: 'sender-action', account: account.id })
    await react(client, path, '❤️')
    await waitFor(() => actions(account.id) === 1)
    await stage.restart()
    t.like(await until(client, message, 'SENT'), [{ emoji: '❤️', author: { type: 'MEMBER' } }])
    t.deepEqual(phoneOf(who)?.reactions, [{ mid, emoji: '❤️' }])
  })

  test(`${profile}: where nothing of the kind is possible, it is refused with a code`, async (t) => {
    const { client, account, ticket, path } = await aMessage()
    t.like(await react(client, path, 'love'), { status: 422, body: { code: 'capability-missing' } })
    t.like(await react(client, path, '❤️❤️'), { status: 422, body: { code: 'capability-missing' } })
    const reply = await client.reply(ticket.id, 'Gladly!')
    const own = `/tickets/${ticket.id}/messages/${reply.body.id}/reaction`
    t.like(await react(client, own, '❤️'), { status: 422, body: { code: 'capability-missing' } })
    const stranger = simulator.customer({ account })
    await simulator.comment(stranger, 'How much?')
    const comment = await ticketOf(client, stranger, 'COMMENT')
    const [said] = await client.messages(comment.id)
    const at = `/tickets/${comment.id}/messages/${said?.id}/reaction`
    t.like(await react(client, at, '❤️'), { status: 422, body: { code: 'capability-missing' } })
    for (const [method, what, body] of [
      ['POST', 'typing', { on: true }],
      ['PUT', 'seen', undefined],
    ] as const)
      t.like(await client.call(method, `/tickets/${comment.id}/${what}`, body), {
        status: 422,
        body: { code: 'capability-missing' },
      })
  })

  test(`${profile}: after the window is over nothing of the kind is tried`, async (t) => {
    const client = await signUp(main.url)
    const { account } = await connect(client, simulator)
    const who = simulator.customer({ account })
    await simulator.dm(who, 'Long ago', { at: new Date(Date.now() - 25 * 3_600_000) })
    const ticket = await ticketOf(client, who)
    const [message] = await client.messages(ticket.id)
    const closed = { status: 409, body: { code: 'messaging-window-closed' } }
    t.like(await react(client, `/tickets/${ticket.id}/messages/${message?.id}/reaction`, '❤️'), closed)
    t.like(await client.call('POST', `/tickets/${ticket.id}/typing`, { on: true }), closed)
    t.like(await client.call('PUT', `/tickets/${ticket.id}/seen`), closed)
    t.is(actions(account.id), 0)
  })

  test(`${profile}: with Facebook Login there is the heart only, as its capabilities say`, async (t) => {
    const { client, who, mid, message, ticket, path } = await aMessage('facebook')
    const { body } = await client.call<{ capabilities: { reactions: unknown; typing: boolean } }>(
      'GET',
      `/tickets/${ticket.id}`,
    )
    t.like(body.capabilities, { reactions: { emojis: ['❤️'], limited: null }, typing: true, seen: true })
    t.like(await react(client, path, '🎉'), { status: 422, body: { code: 'capability-missing' } })
    await react(client, path, '❤️')
    await until(client, message, 'SENT')
    t.deepEqual(phoneOf(who)?.reactions, [{ mid, emoji: '❤️' }])
  })

  // proves: out.typing
  test(`${profile}: the customer is shown that somebody writes, until an answer comes`, async (t) => {
    const { client, who, ticket } = await aMessage()
    const typing = (on: boolean) => client.call('POST', `/tickets/${ticket.id}/typing`, { on })
    t.is((await typing(true)).status, 204)
    t.true(phoneOf(who)?.typing)
    t.is((await typing(false)).status, 204)
    t.false(phoneOf(who)?.typing)
    await typing(true)
    await client.reply(ticket.id, 'You are welcome')
    await waitFor(() => phoneOf(who)?.messages.some(({ from }) => from === 'business'))
    t.false(phoneOf(who)?.typing)
  })

  // proves: out.seen
  test(`${profile}: the customer is shown that what they wrote was seen`, async (t) => {
    const { client, account, who, ticket } = await aMessage()
    const { mid } = await simulator.dm(who, 'Are you there?')
    await waitFor(async () => (await client.messages(ticket.id)).length === 2)
    t.is((await client.call('PUT', `/tickets/${ticket.id}/seen`)).status, 204)
    t.is(phoneOf(who)?.seen, mid as string)
    simulator.fault({ kind: 'refusal', code: 551, subcode: 1545041 }, { on: 'sender-action', account: account.id })
    const refused = await client.call<{ detail: string }>('PUT', `/tickets/${ticket.id}/seen`)
    t.like(refused, { status: 424, body: { code: 'platform-refused', platformCode: '551/1545041' } })
    t.regex(refused.body.detail, /The customer cannot be reached/)
  })

  test(`${profile}: a channel that is paused shows nothing, and reacts when it goes on`, async (t) => {
    const { client, channel, account, who, message, ticket, path } = await aMessage()
    t.is((await client.call('PATCH', `/channels/${channel.id}`, { status: 'PAUSED' })).status, 200)
    t.like(await client.call('POST', `/tickets/${ticket.id}/typing`, { on: true }), {
      status: 409,
      body: { code: 'channel-paused' },
    })
    t.like((await react(client, path, '❤️')).body.reactions, [{ status: 'PENDING' }])
    await client.call('PATCH', `/channels/${channel.id}`, { status: 'ACTIVE' })
    await until(client, message, 'SENT')
    t.is(phoneOf(who)?.reactions.length, 1)
    t.is(actions(account.id), 1)
  })

  test(`${profile}: a message that is taken back takes the agent’s reaction with it`, async (t) => {
    const { client, who, mid, message, path } = await aMessage()
    await react(client, path, '❤️')
    await until(client, message, 'SENT')
    await simulator.unsend(who, mid)
    await waitFor(
      async () => ((await client.message(message)) as MessageJson & { deletedAt: string | null }).deletedAt !== null,
    )
    t.deepEqual(await reactionsOf(client, message), [])
    t.like(await react(client, path, '🎉'), { status: 422, body: { code: 'capability-missing' } })
  })

  test(`${profile}: of two agents at once the last one’s reaction is on the phone and here, whichever call was slower`, async (t) => {
    const { client, account, who, message, path } = await aMessage()
    simulator.fault({ kind: 'latency', delayMs: 1_500 }, { on: 'sender-action', account: account.id, times: 1 })
    await react(client, path, '😂')
    await waitFor(async () => (await reactionsOf(client, message))[0]?.status === 'PENDING')
    await react(client, path, '🎉')
    await waitFor(async () => {
      const [one] = await reactionsOf(client, message)
      const isShown = one?.emoji === '🎉' && one.status === 'SENT' && phoneOf(who)?.reactions[0]?.emoji === '🎉'
      return isShown && actions(account.id) >= 2
    })
    t.is((await reactionsOf(client, message)).length, 1)
  })
})
