import ava from 'ava'
import type { InstagramSimulator } from '../../dev/instagram-simulator/index.ts'
import { onEachProfile } from '../support/database.ts'
import { fewAtOnce } from '../support/few-at-once.ts'
import { type InboxClient, type MessageJson, settled, ticketOf } from '../support/inbox-client.ts'
import { waitFor } from '../support/processes.ts'
import { type ShopStage, shopStage } from '../support/shop-stage.ts'

const test = fewAtOnce(ava)

onEachProfile((profile) => {
  // Every test has an account and a channel of its own.
  let stage: ShopStage
  let simulator: InstagramSimulator
  let aComment: ShopStage['aComment']

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await shopStage(profile, 'public-replies')
    ;({ simulator, aComment } = stage)
  })

  test.after.always(async (t) => {
    t.timeout(60_000)
    await stage?.close(t)
  })

  const answer = (client: InboxClient, ticketId: string, content: string, more: object = {}) =>
    client.call<MessageJson & { code?: string }>('POST', `/tickets/${ticketId}/messages`, {
      content,
      audience: 'PUBLIC',
      ...more,
    })
  const under = (comment: string) =>
    simulator
      .ledger()
      .comments.find(({ id }) => id === comment)
      ?.replies.map(({ text }) => text)

  // proves: out.comment-reply
  test(`${profile}: a comment is answered in public as often as one likes, and each answer is one message`, async (t) => {
    const { client, account, who, ticket, comment } = await aComment()
    const first = await settled(client, (await answer(client, ticket.id, 'It is 20 euros')).body)
    t.like(first, { status: 'SENT', audience: 'PUBLIC', replyToExternalId: comment })
    const inPrivate = await settled(client, (await client.reply(ticket.id, 'We wrote to you')).body)
    t.like(inPrivate, { status: 'SENT', audience: 'PRIVATE' })
    t.is((await settled(client, (await answer(client, ticket.id, 'In all sizes')).body)).status, 'SENT')
    t.deepEqual(under(comment), ['It is 20 euros', 'In all sizes'])
    // What was written comes back as events of the account's own, which are no messages of anybody.
    await waitFor(
      () => simulator.webhooks.filter(({ mid, status }) => mid === first.externalId && status === 200).length === 1,
    )
    t.is((await client.messages(ticket.id)).length, 4)
    t.is((await client.tickets()).length, 1)
    // The same words twice under one post are refused.
    const again = await settled(client, (await answer(client, ticket.id, 'In all sizes')).body, ['SENT', 'FAILED'])
    t.like(again, { status: 'FAILED', failure: { code: 'content-refused', platformCode: '506' } })
    // A reply to a reply stands under the same comment.
    await simulator.comment(who, 'And in blue?', { parentId: comment, mediaId: mediaOf(account.id) })
    await waitFor(async () => (await client.messages(ticket.id)).some(({ content }) => content === 'And in blue?'))
    t.is((await settled(client, (await answer(client, ticket.id, 'In blue too')).body)).status, 'SENT')
    t.deepEqual(under(comment), ['It is 20 euros', 'In all sizes', 'In blue too'])
    const posted = simulator.calls.filter(({ method, path }) => method === 'POST' && path.includes('/replies'))
    const paths = posted
      .filter(({ accountId }) => accountId === account.id)
      .map(({ path }) => path.split('/').slice(-2))
    t.deepEqual(paths, Array(4).fill([comment, 'replies']))
  })

  const mediaOf = (accountId: string): string =>
    (
      JSON.parse(
        simulator.webhooks
          .find(({ account, body }) => account.id === accountId && body.includes('"comments"'))
          ?.body.toString() ?? '',
      ) as { entry: { changes: { value: { media: { id: string } } }[] }[] }
    ).entry[0]?.changes[0]?.value.media.id ?? ''

  test(`${profile}: a public reply has 300 characters at most, and there is none to live comments and in direct messages`, async (t) => {
    const { client, ticket } = await aComment()
    t.like(await answer(client, ticket.id, 'x'.repeat(301)), { status: 422, body: { code: 'content-too-long' } })
    t.is((await answer(client, ticket.id, '€'.repeat(300))).status, 201)
    const live = await aComment({ product: 'LIVE' })
    t.like(await answer(live.client, live.ticket.id, 'Hello'), { status: 422, body: { code: 'capability-missing' } })
    await simulator.dm(live.who, 'Hello')
    const direct = await ticketOf(live.client, live.who, 'DM')
    t.like(await answer(live.client, direct.id, 'Hello'), { status: 422, body: { code: 'capability-missing' } })
  })

  test(`${profile}: a public reply to a comment that is gone fails, and says so`, async (t) => {
    const { client, account, ticket } = await aComment()
    simulator.fault({ kind: 'gone' }, { on: 'comments', account: account.id })
    const failed = await settled(client, (await answer(client, ticket.id, 'Hello')).body, ['SENT', 'FAILED'])
    t.like(failed, { status: 'FAILED', failure: { code: 'comment-gone', platformCode: '100/33' } })
  })

  const posted = (accountId: string) =>
    simulator.calls.filter(
      ({ method, path, accountId: of }) => method === 'POST' && path.includes('/replies') && of === accountId,
    ).length
  const createdAllTheSame = { kind: 'delivered-then-refusal', code: 20, subcode: 1772107 } as const

  // proves: fail.comment-created
  test(`${profile}: a public reply answered 20/1772107 was created: SENT as soon as its event comes, and written once`, async (t) => {
    const { client, account, ticket, comment } = await aComment()
    simulator.fault(createdAllTheSame, { on: 'comments', account: account.id })
    const sent = await settled(client, (await answer(client, ticket.id, 'It is 20 euros')).body)
    const [made] = about(comment)?.replies ?? []
    t.like(sent, { status: 'SENT', externalId: made?.id })
    t.deepEqual(under(comment), ['It is 20 euros'])
    t.is(posted(account.id), 1)
  })

  // proves: fail.comment-created
  test(`${profile}: one whose event is lost is UNKNOWN, found under the comment, and written once`, async (t) => {
    const { client, account, ticket, comment } = await aComment()
    simulator.fault(createdAllTheSame, { on: 'comments', account: account.id })
    simulator.fault({ kind: 'webhook-lost' }, { account: account.id })
    const queued = (await answer(client, ticket.id, 'It is 20 euros')).body
    t.is((await settled(client, queued, ['UNKNOWN', 'SENT', 'FAILED'])).status, 'UNKNOWN')
    const checked = await client.call<MessageJson>('POST', `/tickets/${ticket.id}/messages/${queued.id}/check`)
    t.like(checked, { status: 200, body: { status: 'SENT' } })
    const [made] = about(comment)?.replies ?? []
    t.is(checked.body.externalId, made?.id ?? null)
    t.deepEqual(under(comment), ['It is 20 euros'])
    t.is(posted(account.id), 1)
  })

  const about = (comment: string) => simulator.ledger().comments.find(({ id }) => id === comment)
  /** What the audit log says was done to it, the last first. */
  const noted = async (client: InboxClient, id = '') => {
    const { body } = await client.call<{ data: { action: string }[] }>('GET', `/audit-log?resourceId=${id}`)
    return body.data.map(({ action }) => action)
  }
  const calls = (accountId: string, method: string) =>
    simulator.calls.filter(
      (call) => call.accountId === accountId && call.method === method && call.route === 'comments',
    ).length

  // proves: out.hide
  test(`${profile}: a comment is hidden and shown again, on the platform and here, each once`, async (t) => {
    const { client, account, ticket, comment } = await aComment()
    const [message] = await client.messages(ticket.id)
    const hidden = `/tickets/${ticket.id}/messages/${message?.id}/hidden`
    t.like(await client.call('PUT', hidden), { status: 200, body: { hidden: true } })
    t.like(await client.call('PUT', hidden), { status: 200, body: { hidden: true } })
    t.true(about(comment)?.hidden)
    t.is(calls(account.id, 'POST'), 1)
    t.like(await client.call('DELETE', hidden), { status: 200, body: { hidden: false } })
    t.false(about(comment)?.hidden)
    t.deepEqual(await noted(client, message?.id), ['comment.shown', 'comment.hidden'])
  })

  // proves: out.delete-comment
  test(`${profile}: a deleted comment loses its content here too, also where it was gone already`, async (t) => {
    const { client, account, ticket, comment } = await aComment()
    const [message] = await client.messages(ticket.id)
    const path = `/tickets/${ticket.id}/messages/${message?.id}`
    t.is((await client.call('DELETE', path)).status, 204)
    t.true(about(comment)?.deleted)
    const gone = await client.call<MessageJson>('GET', path)
    t.is(gone.body.content, null)
    t.is((await client.call('DELETE', path)).status, 204)
    t.is(calls(account.id, 'DELETE'), 1)
    t.deepEqual(await noted(client, message?.id), ['comment.deleted'])
    const other = await aComment()
    const [theirs] = await other.client.messages(other.ticket.id)
    simulator.fault({ kind: 'gone' }, { on: 'comments', account: other.account.id })
    t.is((await other.client.call('DELETE', `/tickets/${other.ticket.id}/messages/${theirs?.id}`)).status, 204)
  })

  test(`${profile}: what the platform refuses changes nothing, and live comments and direct messages are not moderated`, async (t) => {
    const { client, account, ticket } = await aComment()
    const [message] = await client.messages(ticket.id)
    const path = `/tickets/${ticket.id}/messages/${message?.id}`
    simulator.fault({ kind: 'refusal', code: 10 }, { on: 'comments', account: account.id, times: 2 })
    const refused = { status: 424, body: { code: 'platform-refused', platformCode: '10' } }
    t.like(await client.call('PUT', `${path}/hidden`), refused)
    t.like(await client.call('DELETE', path), refused)
    t.like(await client.call('GET', path), { body: { hidden: false, content: 'How much is it?' } })
    t.deepEqual(await noted(client, message?.id), [])
    const live = await aComment({ product: 'LIVE' })
    const [shout] = await live.client.messages(live.ticket.id)
    const missing = { status: 422, body: { code: 'capability-missing' } }
    t.like(await live.client.call('DELETE', `/tickets/${live.ticket.id}/messages/${shout?.id}`), missing)
    await simulator.dm(live.who, 'Hello')
    const direct = await ticketOf(live.client, live.who, 'DM')
    const [hello] = await live.client.messages(direct.id)
    t.like(await live.client.call('PUT', `/tickets/${direct.id}/messages/${hello?.id}/hidden`), missing)
  })
})
