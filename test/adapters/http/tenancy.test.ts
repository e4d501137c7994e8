import { randomUUID } from 'node:crypto'
import test from 'ava'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import type { Role } from '../../../src/core/actor.ts'
import type { DeadLetterId } from '../../../src/core/ids.ts'
import {
  aChannelView,
  aCustomerView,
  aMessageView,
  aNotificationView,
  anImportView,
  aRawEventView,
  aTicketView,
} from '../../fakes/fake-views.ts'
import { PASSWORD, startHttp, type TestServer } from './support/http-server.ts'

const contract = loadContract()
const orgRoutes = contract.operations.filter(({ template }) => template.startsWith('/orgs/{orgId}/'))

/** A body that each write would take. */
const bodies: Record<string, unknown> = {
  createChannel: { type: 'INSTAGRAM', name: 'A channel', config: { pageId: '1' } },
  updateChannel: { name: 'Another name' },
  updateTicket: { status: 'RESOLVED' },
  sendMessage: { content: 'Hello' },
  setReaction: { emoji: '❤️' },
  showTyping: { on: true },
  updateNotification: { read: true },
  createAttachment: Buffer.from('the bytes of a file'),
  chooseFacebookAccount: { choice: 'a-choice-of-the-callback', account: '17841400000000000' },
  replayRawEvents: { status: 'QUARANTINED' },
  replayDeadLetters: {},
}

/** One of everything, and the ids to ask for it. */
async function organizationWithEverything(server: TestServer) {
  const owner = await server.signUp()
  const { orgId, memberId } = owner
  const channel = aChannelView(orgId)
  const customer = aCustomerView(orgId)
  const ticket = aTicketView(orgId)
  const message = aMessageView(orgId, ticket.id, { status: 'FAILED' })
  const notification = { ...aNotificationView(orgId), memberId }
  server.queries.channels_.push(channel)
  server.queries.customers_.push(customer)
  server.queries.tickets_.push(ticket)
  server.queries.messages_.push(message)
  server.queries.notifications_.push(notification)
  const rawEvent = aRawEventView(channel.id)
  server.queries.rawEvents_.push(rawEvent)
  const deadLetterId = randomUUID() as DeadLetterId
  server.queries.deadLetters_.push({
    ...{ orgId, id: deadLetterId, queue: 'reaction', reason: 'failed', attempts: 10, deadAt: new Date() },
  })
  const upload = server.uploads.add(orgId, Buffer.from('the bytes of a file'))
  const historyImport = anImportView(channel.id)
  server.queries.imports_.push(historyImport)
  server.feed.append(orgId)
  const ids = {
    orgId,
    channelId: channel.id,
    customerId: customer.id,
    ticketId: ticket.id,
    messageId: message.id,
    notificationId: notification.id,
    rawEventId: rawEvent.id,
    deadLetterId,
    attachmentId: upload.id,
    importId: historyImport.id,
  }
  return { ...owner, ids }
}

const pathOf = (template: string, ids: Readonly<Record<string, string>>) =>
  template.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? randomUUID())

const server = await startHttp()
const mine = await organizationWithEverything(server)
const theirs = await organizationWithEverything(server)
test.after.always(() => server.stop())

test('there are routes of an organization to try', (t) => t.true(orgRoutes.length > 15))

for (const { operationId, method, template } of orgRoutes) {
  const ask = (ids: Readonly<Record<string, string>>, token: string) =>
    server.call(method.toUpperCase(), pathOf(template, ids), {
      token,
      ...(bodies[operationId] !== undefined && { body: bodies[operationId] }),
    })

  test(`${operationId}: another organization is not there`, async (t) => {
    const answer = await ask(theirs.ids, mine.token)
    t.is(answer.status, 404)
    t.is(answer.json.code, 'not-found')
    t.false(
      server.calls.some(({ args }) => Reflect.get(Object(args[0]), 'orgId') === theirs.orgId),
      'the core was not even asked',
    )
  })

  if (template.split('{').length > 2) {
    test(`${operationId}: another organization's thing is not there under one's own`, async (t) => {
      const answer = await ask({ ...theirs.ids, orgId: mine.orgId }, mine.token)
      t.is(answer.status, 404)
      t.is(answer.json.code, 'not-found')
    })
  }

  test(`${operationId}: nobody gets in without a session`, async (t) => {
    const answer = await server.call(method.toUpperCase(), pathOf(template, mine.ids))
    t.is(answer.status, 401)
    t.is(answer.json.code, 'unauthenticated')
  })
}

test("one's own things are there", async (t) => {
  for (const { operationId, method, template } of orgRoutes.filter(
    ({ operationId }) => operationId !== 'streamEvents',
  )) {
    const init = { token: mine.token, ...(bodies[operationId] !== undefined && { body: bodies[operationId] }) }
    const answer = await server.call(method.toUpperCase(), pathOf(template, mine.ids), init)
    // A choice belongs to a login, and there was none.
    if (operationId === 'chooseFacebookAccount') t.is(answer.json.code, 'connect-state-invalid')
    else t.true(answer.status < 300, `${operationId}: ${answer.text}`)
  }
})

test('ids are the same in capitals', async (t) => {
  const path = `/orgs/${mine.orgId.toUpperCase()}/tickets/${mine.ids.ticketId.toUpperCase()}`
  t.is((await server.call('GET', path, { token: mine.token })).status, 200)
})

test('a membership that ended has ended with the next request', async (t) => {
  const somebody = await organizationWithEverything(server)
  const path = `/orgs/${somebody.orgId}/tickets`
  t.is((await server.call('GET', path, { token: somebody.token })).status, 200)
  server.accounts.leave(somebody.userId, somebody.orgId)
  t.is((await server.call('GET', path, { token: somebody.token })).status, 404)
})

test("notifications are one's own, also among colleagues", async (t) => {
  const colleague = server.accounts.add({ email: 'colleague@example.com', password: PASSWORD })
  const org = server.accounts.memberships_.find((one) => one.org.id === mine.orgId)!.org
  server.accounts.join(colleague.user.id, org, 'AGENT')
  const { json } = await server.call('POST', '/auth/login', {
    body: { email: 'colleague@example.com', password: PASSWORD },
  })
  const token: string = json.accessToken
  const path = `/orgs/${mine.orgId}/notifications`
  t.deepEqual((await server.call('GET', path, { token })).json.data, [])
  const one = await server.call('PATCH', `${path}/${mine.ids.notificationId}`, { token, body: { read: true } })
  t.is(one.status, 404)
})

test('a member who may only look changes nothing but what is their own', (t) => {
  const writes = orgRoutes.filter(({ method, roles }) => method !== 'get' && roles.includes('VIEWER'))
  t.deepEqual(
    writes.map(({ operationId }) => operationId),
    ['updateNotification'],
  )
})

for (const role of ['OWNER', 'ADMIN', 'AGENT', 'VIEWER'] as const satisfies readonly Role[]) {
  test(`${role}: may call what the contract says, and nothing else`, async (t) => {
    const own = await startHttp()
    t.teardown(() => own.stop())
    const { ids, token } = await organizationWithEverything(own)
    own.accounts.memberships_ = own.accounts.memberships_.map((one) => ({ ...one, role }))
    // A stream has no end.
    for (const { operationId, method, template, roles } of orgRoutes.filter(
      (one) => one.operationId !== 'streamEvents',
    )) {
      const init = { token, ...(bodies[operationId] !== undefined && { body: bodies[operationId] }) }
      const answer = await own.call(method.toUpperCase(), pathOf(template, ids), init)
      if (!roles.includes(role)) t.like(answer, { status: 403, json: { code: 'forbidden' } }, operationId)
      // A choice belongs to a login, and there was none.
      else if (operationId === 'chooseFacebookAccount') t.is(answer.json.code, 'connect-state-invalid')
      else t.true(answer.status < 300, `${operationId}: ${answer.text}`)
    }
  })
}
