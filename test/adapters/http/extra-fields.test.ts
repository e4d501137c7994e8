import test from 'ava'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import { PASSWORD, startHttp } from './support/http-server.ts'
import { bodies, organizationWithEverything, pathOf } from './support/organization-with-everything.ts'

const { operations } = loadContract()
const writes = operations.filter(({ raw, body }) => !raw && body === 'json')

/** What nobody may set who is not asked for it: what one is, whose a thing is, and what the program says of it. */
const FIELDS: Readonly<Record<string, unknown>> = {
  role: 'OWNER',
  isAdmin: true,
  permissions: ['ops:manage'],
  id: '019a9f0e-7c1b-7d3a-9a55-0c6e2f1b4d10',
  orgId: '019a9f0e-7c1b-7d3a-9a55-0c6e2f1b4d10',
  memberId: '019a9f0e-7c1b-7d3a-9a55-0c6e2f1b4d10',
  createdAt: '2026-01-01T00:00:00.000Z',
  deletedAt: null,
  passwordHash: 'hash',
  accessToken: 'a token',
  status: 'SENT',
  version: 7,
  externalId: 'of the platform',
}
const NESTED: Readonly<Record<string, unknown>> = {
  customer: { id: FIELDS['id'], orgId: FIELDS['orgId'] },
  ticket: { assignee: { role: 'OWNER' } },
  member: { role: 'OWNER', user: { passwordHash: 'hash' } },
  org: { members: [{ role: 'OWNER' }] },
}

const own: Readonly<Record<string, unknown>> = {
  ...bodies,
  signUp: { orgName: 'Another', name: 'Somebody', email: 'else@example.com', password: PASSWORD },
  confirmPassword: { password: PASSWORD },
  changePassword: { currentPassword: PASSWORD, newPassword: 'another password' },
  requestPasswordReset: { email: 'else@example.com' },
  confirmPasswordReset: { token: 'a token', password: PASSWORD },
  showInvitation: { token: 'a token' },
  acceptInvitation: { token: 'a token' },
  logIn: { email: 'else@example.com', password: PASSWORD },
}

const server = await startHttp()
test.after.always(() => server.stop())

for (const [title, fields] of [
  ['S22, S23: no write takes a field that makes somebody or something more than it is', FIELDS],
  ['S24: nor one that hides it inside another', NESTED],
] as const) {
  test(title, async (t) => {
    const { ids, orgId, token } = await organizationWithEverything(server)
    let tried = 0
    const before = JSON.stringify(server.accounts.memberships_.filter(({ org }) => org.id === orgId))
    for (const { operationId, method, template } of writes) {
      const body = own[operationId] as Record<string, unknown>
      t.truthy(body, `${operationId} has a body to add to`)
      for (const [field, value] of Object.entries(fields)) {
        // What an operation is for is not too much: an operation that takes the field says so.
        if (['updateMember', 'createInvitation'].includes(operationId) && field === 'role') continue
        if (operationId === 'switchOrganization' && field === 'orgId') continue
        if (['updateChannel', 'updateTicket', 'replayRawEvents'].includes(operationId) && field === 'status') continue
        const answer = await server.call(method.toUpperCase(), pathOf(template, ids), {
          token,
          body: { ...body, [field]: value },
        })
        t.like(answer, { status: 400, json: { code: 'invalid-request' } }, `${operationId} ${field}`)
        tried++
      }
    }
    t.is(JSON.stringify(server.accounts.memberships_.filter(({ org }) => org.id === orgId)), before)
    t.log(`${tried} fields`)
  })
}

test('S24: a list of things takes no further field in any of them', async (t) => {
  const { ids, token } = await organizationWithEverything(server)
  const path = `/orgs/${ids.orgId}/tickets/${ids.ticketId}/messages`
  for (const body of [
    { content: 'Hello', quickReplies: [{ title: 'Yes', payload: 'yes', orgId: ids.orgId }] },
    { content: 'Hello', attachments: [{ type: 'IMAGE', url: 'https://example.com/a.jpg', orgId: ids.orgId }] },
  ]) {
    const answer = await server.call('POST', path, { token, body })
    t.like(answer, { status: 400, json: { code: 'invalid-request' } })
  }
})
