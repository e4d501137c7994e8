import test from 'ava'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import { PASSWORD, startHttp } from './support/http-server.ts'
import { bodies, organizationWithEverything, pathOf } from './support/organization-with-everything.ts'

const contract = loadContract()
const orgRoutes = contract.operations.filter(({ template }) => template.startsWith('/orgs/{orgId}/'))

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
