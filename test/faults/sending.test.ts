import { setTimeout as sleep } from 'node:timers/promises'
import ava from 'ava'
import type { InstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { onEachProfile } from '../support/database.ts'
import { fewAtOnce } from '../support/few-at-once.ts'
import { type InboxClient, type MessageJson, settled, ticketOf } from '../support/inbox-client.ts'
import type { MainProcess } from '../support/main-process.ts'
import { assertNoneLeft, waitFor } from '../support/processes.ts'
import { type Shop, type ShopStage, said, shopStage, type Talk } from '../support/shop-stage.ts'

const test = fewAtOnce(ava)

onEachProfile((profile) => {
  // Every test has an account and a channel of its own.
  let stage: ShopStage
  let simulator: InstagramSimulator
  let main: MainProcess
  let aShop: ShopStage['aShop']
  let aTalk: ShopStage['aTalk']

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await shopStage(profile, 'sending')
    ;({ simulator, main, aShop, aTalk } = stage)
  })

  test.after.always(async (t) => {
    t.timeout(60_000)
    await stage?.close(t)
  })

  const copies = ({ who }: Talk, text: string) => simulator.received(who).filter((bubble) => bubble.text === text)
  const texts = ({ who }: Talk) => simulator.received(who).map(({ text }) => text)
  const sendsOf = ({ account }: Pick<Shop, 'account'>) =>
    simulator.calls.filter(({ accountId, path }) => accountId === account.id && path.endsWith('/messages'))
  const outbound = async ({ client, ticket }: Talk) =>
    (await client.messages(ticket.id)).filter(({ direction }) => direction === 'OUTBOUND')

  test(`${profile}: a reply is QUEUED, then SENT with the id that the customer’s phone shows`, async (t) => {
    const talk = await aTalk()
    const queued = await said(talk, 'Hello yourself')
    // As it is when it is read for the answer: a quick worker may have it by then.
    t.true(['QUEUED', 'SENDING', 'SENT'].includes(queued.status))
    const sent = await settled(talk.client, queued)
    t.is(sent.status, 'SENT')
    t.is(copies(talk, 'Hello yourself').length, 1)
    t.is(sent.externalId, copies(talk, 'Hello yourself')[0]?.mid ?? '')
  })

  for (const [when, fault] of [
    ['before the answer', { kind: 'echo-before-answer', pauseMs: 50 }],
    ['after the answer', { kind: 'echo-delayed', delayMs: 150 }],
  ] as const) {
    // proves: echo.own
    test(`${profile}: twenty sends whose echo comes ${when} are one message each, and one bubble`, async (t) => {
      const shop = await aShop()
      simulator.fault(fault, { account: shop.account.id, times: 'always' })
      const talks = await Promise.all(Array.from({ length: 20 }, () => aTalk(shop)))
      const replies = await Promise.all(talks.map((talk) => said(talk, 'The same words to everybody')))
      await Promise.all(replies.map((message) => settled(shop.client, message)))
      // An echo that made a second message would be there by then: they are stored in the order of their arrival.
      const echoes = () =>
        simulator.webhooks.filter(
          ({ account, mid, status }) => account === shop.account && status === 200 && mid !== null,
        )
      await waitFor(() => echoes().length === 2 * talks.length)
      const last = await aTalk(shop)
      t.truthy(last.ticket.id)
      for (const talk of talks) {
        const messages = await outbound(talk)
        t.deepEqual(
          messages.map(({ status, author }) => `${author.type} ${status}`),
          ['MEMBER SENT'],
        )
        t.deepEqual(
          copies(talk, 'The same words to everybody').map(({ mid }) => mid),
          [messages[0]?.externalId ?? ''],
        )
      }
    })
  }

  for (const kind of ['delivered-then-500', 'delivered-then-reset', 'delivered-then-cut'] as const) {
    // proves: fail.ambiguous
    test(`D13: ${profile}: ${kind} is UNKNOWN, never a second copy, and SENT once its echo comes`, async (t) => {
      const talk = await aTalk()
      const { id } = talk.account
      simulator.fault({ kind }, { account: id })
      // It comes once the doubt was seen, however long that takes.
      simulator.fault({ kind: 'echo-withheld' }, { account: id })
      const queued = await said(talk, 'In doubt')
      t.is((await settled(talk.client, queued, ['UNKNOWN', 'SENT', 'FAILED'])).status, 'UNKNOWN')
      for (const bubble of copies(talk, 'In doubt')) await simulator.echo(talk.who, bubble)
      t.is((await settled(talk.client, queued)).status, 'SENT')
      t.is(sendsOf(talk).length, 1)
      t.is(copies(talk, 'In doubt').length, 1)
      t.is((await outbound(talk)).length, 1)
    })
  }

  test(`D13: ${profile}: a 500 that delivered nothing is UNKNOWN too, and is not sent again`, async (t) => {
    const talk = await aTalk()
    simulator.fault({ kind: 'server-error' }, { account: talk.account.id })
    const queued = await said(talk, 'Lost')
    t.is((await settled(talk.client, queued, ['UNKNOWN', 'SENT', 'FAILED'])).status, 'UNKNOWN')
    await sleep(2_000)
    t.is(sendsOf(talk).length, 1)
    t.is((await talk.client.message(queued)).status, 'UNKNOWN')
    const retried = await talk.client.call('POST', `/tickets/${talk.ticket.id}/messages/${queued.id}/retry`)
    t.is(retried.status, 409)
  })

  test(`${profile}: no answer and no echo is UNKNOWN: the next reply waits, and goes out when the echo comes`, async (t) => {
    t.timeout(60_000)
    const talk = await aTalk()
    const { id } = talk.account
    simulator.fault({ kind: 'delivered-then-timeout' }, { account: id })
    simulator.fault({ kind: 'echo-withheld' }, { account: id })
    const [one, two] = [await said(talk, 'one'), await said(talk, 'two')]
    t.is((await settled(talk.client, one, ['UNKNOWN', 'SENT', 'FAILED'], 20_000)).status, 'UNKNOWN')
    await sleep(2_000)
    t.is((await talk.client.message(two)).status, 'QUEUED')
    t.deepEqual(texts(talk), ['one'])
    const [bubble] = copies(talk, 'one')
    if (bubble) await simulator.echo(talk.who, bubble)
    t.is((await settled(talk.client, two)).status, 'SENT')
    t.is((await talk.client.message(one)).status, 'SENT')
    t.deepEqual(texts(talk), ['one', 'two'])
  })

  for (const throttle of [
    { kind: 'throttle', retryAfterSeconds: 10 },
    { kind: 'throttle', code: 613, httpStatus: 400, retryAfterSeconds: 10 },
  ] as const) {
    // proves: fail.throttle
    test(`D16: ${profile}: throttled (${'code' in throttle ? 'code 613' : '429'}): waits as told, is SENT once, and no other account waits`, async (t) => {
      const talk = await aTalk()
      const other = await aTalk()
      simulator.fault(throttle, { account: talk.account.id })
      const startedAt = performance.now()
      const queued = await said(talk, 'Slow')
      await waitFor(() => sendsOf(talk).length === 1)
      t.is((await settled(other.client, await said(other, 'Quick'))).status, 'SENT')
      t.is((await talk.client.message(queued)).status, 'QUEUED')
      t.is((await settled(talk.client, queued)).status, 'SENT')
      t.true(performance.now() - startedAt >= 10_000)
      t.is(sendsOf(talk).length, 2)
      t.is(copies(talk, 'Slow').length, 1)
    })
  }

  // proves: fail.refused
  test(`D20: ${profile}: a refusal is FAILED with a stable code and a sentence, holds nobody back, and costs one call`, async (t) => {
    const refusals = [
      [{ code: 10, subcode: 2534022 }, 'messaging-window-closed'],
      [{ code: 551, subcode: 1545041 }, 'recipient-unavailable'],
      [{ code: 100, subcode: 2534014 }, 'recipient-unknown'],
      [{ code: 200, subcode: 2534041 }, 'permission-missing'],
      [{ code: 100, subcode: 2534037 }, 'not-thread-owner'],
      [{ code: 100 }, 'content-refused'],
      [{ code: 36103 }, 'account-restricted'],
      [{ code: 987654 }, 'platform-refused'],
    ] as const
    const talk = await aTalk()
    for (const [refusal] of refusals) simulator.fault({ kind: 'refusal', ...refusal }, { account: talk.account.id })
    const replies: MessageJson[] = []
    for (const [, code] of refusals) replies.push(await said(talk, code))
    const last = await said(talk, 'The last one')
    t.is((await settled(talk.client, last)).status, 'SENT')
    for (const [index, [, code]] of refusals.entries()) {
      const { status, failure } = await talk.client.message(replies[index] as MessageJson)
      t.is(status, 'FAILED')
      t.is(failure?.code, code)
      t.regex(failure?.title ?? '', /^[A-Z].{10,}/)
      t.regex(failure?.detail ?? '', /^[A-Z].{10,}\.$/)
      t.is(typeof failure?.retryable, 'boolean')
    }
    t.deepEqual(texts(talk), ['The last one'])
    t.is(sendsOf(talk).length, refusals.length + 1)
  })

  // proves: fail.refused
  test(`${profile}: a FAILED reply can be tried again, one that was sent cannot`, async (t) => {
    const talk = await aTalk()
    simulator.fault({ kind: 'refusal', code: 551, subcode: 1545041 }, { account: talk.account.id })
    const failed = await settled(talk.client, await said(talk, 'Again'))
    t.is(failed.status, 'FAILED')
    const retry = () =>
      talk.client.call<MessageJson & { code: string }>('POST', `/tickets/${talk.ticket.id}/messages/${failed.id}/retry`)
    const retried = await retry()
    t.is(retried.status, 202)
    const sent = await settled(talk.client, failed)
    t.is(sent.status, 'SENT')
    t.is(sent.failure, null)
    t.is(copies(talk, 'Again').length, 1)
    t.like(await retry(), { status: 409, body: { code: 'not-failed' } })
    t.is((await outbound(talk)).length, 1)
  })

  // proves: comment.post
  test(`${profile}: the ticket of a comment shows the post, asked for once however many comment, and says when it is gone`, async (t) => {
    const { client, account } = await aShop()
    const [who, other, late] = Array.from({ length: 3 }, () => simulator.customer({ account }))
    if (!who || !other || !late) throw new Error('unreachable')
    const post = { mediaId: '18077000000000421', caption: 'Autumn lamps', ad: { id: '120077', title: 'Lamps' } }
    await simulator.comment(who, 'How much is it?', post)
    await simulator.comment(other, 'And in blue?', post)
    const shown = await waitFor(async () => {
      const ticket = await ticketOf(client, who, 'COMMENT')
      return ticket.context?.['permalink'] ? ticket : null
    })
    const context = {
      mediaId: post.mediaId,
      permalink: `https://www.instagram.com/p/${post.mediaId}/`,
      caption: 'Autumn lamps',
      gone: false,
      adId: '120077',
      adTitle: 'Lamps',
    }
    t.like(shown.context, context)
    t.like((await ticketOf(client, other, 'COMMENT')).context, context)
    const asked = simulator.calls.filter(({ path }) => path.includes(post.mediaId))
    t.is(asked.length, 1)
    // A post of nobody the token may ask about.
    await simulator.comment(late, 'And this?', { mediaId: '18077000000000422', deleted: true })
    const gone = await waitFor(async () => {
      const ticket = await ticketOf(client, late, 'COMMENT')
      return ticket.context?.['gone'] ? ticket : null
    })
    t.like(gone.context, { permalink: null, gone: true })
  })

  // proves: comment.album
  test(`${profile}: a comment under an album, of which only a picture is named, shows the album`, async (t) => {
    const { client, account } = await aShop()
    const who = simulator.customer({ account })
    await simulator.comment(who, 'The third one?', {
      mediaId: '18077000000000431',
      albumId: '18077000000000430',
      caption: 'Ten lamps',
    })
    const shown = await waitFor(async () => {
      const ticket = await ticketOf(client, who, 'COMMENT')
      return ticket.context?.['permalink'] ? ticket : null
    })
    t.like(shown.context, {
      mediaId: '18077000000000431',
      permalink: 'https://www.instagram.com/p/18077000000000430/',
      caption: 'Ten lamps',
      gone: false,
    })
  })

  // proves: mention.words
  test(`${profile}: a mention becomes a ticket at once, and shows what was written as soon as the platform tells`, async (t) => {
    const { client, account } = await aShop()
    const [poster, commenter] = [simulator.customer({ account }), simulator.customer({ account })]
    await simulator.mention(poster, 'Look what @simulated.shop sent me')
    await simulator.mention(commenter, '@simulated.shop do you have this?', { inComment: true })
    const tickets = await waitFor(async () => {
      const found = await client.tickets()
      const told = found.every(({ lastMessagePreview }) => lastMessagePreview?.includes('@simulated.shop'))
      return found.length === 2 && told ? found : null
    })
    t.deepEqual([...new Set(tickets.map(({ kind }) => kind))], ['MENTION'])
    const messages = (await Promise.all(tickets.map(({ id }) => client.messages(id)))).flat()
    t.deepEqual(messages.map(({ content }) => content).sort(), [
      '@simulated.shop do you have this?',
      'Look what @simulated.shop sent me',
    ])
    const customers = (await client.customers()) as unknown as { username: string | null }[]
    t.deepEqual(customers.map(({ username }) => username).sort(), [poster.username, null].sort())
    t.like(await client.reply(tickets[0]?.id ?? '', 'Thank you'), { status: 422 })
  })

  // proves: out.private-reply
  test(`${profile}: a comment is answered privately, once`, async (t) => {
    const { client, account, channel } = await aShop()
    const who = simulator.customer({ account })
    const comment = await simulator.comment(who, 'How much is it?')
    const ticket = await ticketOf(client, who, 'COMMENT')
    const talk: Talk = { client, account, channel, who, ticket }
    const sent = await settled(client, await said(talk, 'We wrote to you'))
    t.is(sent.status, 'SENT')
    t.is(copies(talk, 'We wrote to you')[0]?.privateReplyTo, comment.mid)
    t.like(await client.reply(ticket.id, 'And once more'), { status: 409, body: { code: 'comment-reply-used' } })
    // Its echo comes among the direct messages, and makes no ticket there.
    await waitFor(() => simulator.webhooks.some(({ mid, status }) => mid === sent.externalId && status === 200))
    await aTalk({ client, account, channel })
    t.deepEqual(
      (await client.tickets()).filter(({ customerId }) => customerId === ticket.customerId).map(({ kind }) => kind),
      ['COMMENT'],
    )
    t.is(copies(talk, 'And once more').length, 0)
  })

  // proves: out.window
  test(`${profile}: a window that closed an hour ago is 409, and nothing is queued`, async (t) => {
    const talk = await aTalk(undefined, new Date(Date.now() - 25 * 3_600_000))
    t.like(await talk.client.reply(talk.ticket.id, 'Too late'), {
      status: 409,
      body: { code: 'messaging-window-closed' },
    })
    t.deepEqual(await outbound(talk), [])
  })

  for (const isApproved of [true, false]) {
    // proves: out.human-agent
    test(`${profile}: after the window a person’s reply is marked as one; Meta ${isApproved ? 'takes' : 'refuses'} it where the app is ${isApproved ? '' : 'not '}approved`, async (t) => {
      const shop = await aShop({ account: { humanAgent: isApproved }, config: { humanAgent: true } })
      const talk = await aTalk(shop, new Date(Date.now() - 25 * 3_600_000))
      t.is(((await talk.client.tickets())[0] as unknown as { window: { state: string } }).window.state, 'HUMAN_AGENT')
      const message = await settled(talk.client, await said(talk, 'Late, and by hand'))
      const config = async () =>
        (await talk.client.call<{ config: { humanAgent: boolean } }>('GET', `/channels/${talk.channel.id}`)).body.config
      if (isApproved) {
        t.is(message.status, 'SENT')
        t.is(copies(talk, 'Late, and by hand').length, 1)
        t.true((await config()).humanAgent)
      } else {
        t.like(message, { status: 'FAILED', failure: { code: 'human-agent-not-approved' } })
        t.false((await config()).humanAgent)
        t.like(await talk.client.reply(talk.ticket.id, 'And again'), {
          status: 409,
          body: { code: 'messaging-window-closed' },
        })
      }
    })
  }

  // proves: out.text
  test(`${profile}: a text is measured in bytes of UTF-8: 1,000 are sent, one more is 422 with both numbers, none is 422`, async (t) => {
    const talk = await aTalk()
    const fits = 'é'.repeat(500)
    const answer = await talk.client.call('POST', `/tickets/${talk.ticket.id}/messages`, { content: `${fits}!` })
    t.like(answer, { status: 422, body: { code: 'content-too-long', actualBytes: 1_001, maxBytes: 1_000 } })
    t.is((await settled(talk.client, await said(talk, fits))).status, 'SENT')
    for (const content of ['', ' \n']) {
      t.like(await talk.client.reply(talk.ticket.id, content), { status: 422, body: { code: 'content-empty' } })
    }
  })

  test(`${profile}: a paused channel takes replies and messages, and sends when it is resumed`, async (t) => {
    const talk = await aTalk()
    const set = (status: string) => talk.client.call('PATCH', `/channels/${talk.channel.id}`, { status })
    t.is((await set('PAUSED')).status, 200)
    const replies = [await said(talk, 'one'), await said(talk, 'two')]
    await simulator.dm(talk.who, 'Anybody there?')
    await waitFor(async () =>
      (await talk.client.messages(talk.ticket.id)).some(({ content }) => content === 'Anybody there?'),
    )
    await sleep(1_500)
    for (const message of replies) t.is((await talk.client.message(message)).status, 'QUEUED')
    t.is((await set('ACTIVE')).status, 200)
    for (const message of replies) t.is((await settled(talk.client, message)).status, 'SENT')
    t.deepEqual(texts(talk), ['one', 'two'])
  })

  test(`${profile}: a disconnected channel refuses replies, and fails those that waited`, async (t) => {
    const talk = await aTalk()
    await talk.client.call('PATCH', `/channels/${talk.channel.id}`, { status: 'PAUSED' })
    const waiting = await said(talk, 'Waiting')
    t.is((await talk.client.call('DELETE', `/channels/${talk.channel.id}`)).status, 204)
    t.like(await talk.client.reply(talk.ticket.id, 'Too late'), { status: 409, body: { code: 'channel-disconnected' } })
    const failed = await settled(talk.client, waiting)
    t.is(failed.status, 'FAILED')
    t.is(failed.failure?.code, 'channel-disconnected')
    t.is(sendsOf(talk).length, 0)
  })

  test(`${profile}: fifty parallel posts with one Idempotency-Key are one message; with other content the key is 422`, async (t) => {
    const talk = await aTalk()
    type Answer = Awaited<ReturnType<InboxClient['reply']>>
    // As every client does: fifty wait for each other, on a slow machine longer than the program lets them.
    const post = async (content: string, tries = 5): Promise<Answer> => {
      const answer = await talk.client.reply(talk.ticket.id, content, { 'idempotency-key': 'a-key' })
      if (answer.status !== 503 || tries === 1) return answer
      await sleep(1_000 * Number(answer.headers.get('retry-after')))
      return post(content, tries - 1)
    }
    const answers = await Promise.all(Array.from({ length: 50 }, () => post('Once')))
    t.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
    t.is(new Set(answers.map(({ body }) => body.id)).size, 1)
    t.is(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true').length, 49)
    t.like(await post('Twice'), { status: 422, body: { code: 'idempotency-key-reused' } })
    const [{ body }] = answers as [(typeof answers)[number]]
    t.is((await settled(talk.client, body)).status, 'SENT')
    t.deepEqual(texts(talk), ['Once'])
  })

  test(`D8: ${profile}: twenty quick replies keep the order of their 201s with four more workers`, async (t) => {
    t.timeout(120_000)
    const workers = Array.from({ length: 4 }, () => main.start('outbound'))
    await Promise.all(workers.map((worker) => worker.says(/"roles":\["outbound"\]/, 60_000)))
    const talks = await Promise.all([aTalk(), aTalk(), aTalk()])
    const replies = await Promise.all(
      talks.map(async (talk) => {
        const made: MessageJson[] = []
        for (let index = 1; index <= 20; index++) made.push(await said(talk, `reply ${index}`))
        return made
      }),
    )
    for (const [index, talk] of talks.entries()) {
      const mine = replies[index] ?? []
      for (const message of mine) t.is((await settled(talk.client, message)).status, 'SENT')
      t.deepEqual(
        texts(talk),
        mine.map(({ content }) => content),
      )
    }
    t.true(
      workers.some((worker) => worker.output().includes('a reply was sent')),
      'no other worker took part',
    )
    for (const worker of workers) {
      t.deepEqual(await worker.end(), { code: 0, signal: null }, worker.output())
      await assertNoneLeft(worker)
    }
  })
})
