import { readFileSync } from 'node:fs'
import test from 'ava'
import { loadContract } from '../../../src/adapters/http/contract.ts'
import { KEY_SCOPES } from '../../../src/core/api-key/api-key.ts'
import { isPermission, PERMISSIONS, permissionsOf, ROLES } from '../../../src/core/member/permissions.ts'
import { startHttp } from './support/http-server.ts'
import { bodies, organizationWithEverything, pathOf } from './support/organization-with-everything.ts'

const { operations } = loadContract()
const closed = operations.filter(({ permission }) => permission !== 'public')
/** What is somebody's own, and what an organization's: the ways in without either are tried with the sign-in. */
const ofOrganization = closed.filter(({ template }) => template.startsWith('/orgs/{orgId}/'))

const server = await startHttp()
test.after.always(() => server.stop())
/** How often the core was asked about an organization. */
const asked = (orgId: string) =>
  server.calls.filter(({ args }) => Reflect.get(Object(args[0]), 'orgId') === orgId).length

const bodyOf = (operationId: string) => (bodies[operationId] === undefined ? {} : { body: bodies[operationId] })

test('a role that stands higher may do all that a lower one may', (t) => {
  const [owner, admin, agent, viewer] = ROLES.map(permissionsOf)
  for (const [higher, lower] of [
    [owner, admin],
    [admin, agent],
    [agent, viewer],
  ] as const) {
    t.deepEqual([...lower!.difference(higher!)], [])
  }
  t.false([...agent!].some((permission) => permission.endsWith(':manage')))
  t.true([...viewer!].every((permission) => permission.endsWith(':read')))
})

test('a member who may only look changes nothing but what is their own', (t) => {
  const open = ofOrganization.filter(
    ({ method, permission }) =>
      method !== 'get' &&
      (permission === 'self' || (isPermission(permission) && permissionsOf('VIEWER').has(permission))),
  )
  t.deepEqual(
    open.map(({ operationId }) => operationId),
    ['updateNotification'],
  )
})

test('docs/people.md has the table of what each role may do', (t) => {
  const text = readFileSync(new URL('../../../docs/people.md', import.meta.url), 'utf8')
  const rows = PERMISSIONS.map((permission) => {
    const cells = ROLES.map((role) => (permissionsOf(role).has(permission) ? ' yes |' : ' |'))
    return `| \`${permission}\` |${cells.join('')}`
  })
  t.deepEqual(
    text.split('\n').filter((line) => /^\| `\w+:\w+`/.test(line)),
    rows,
  )
})

test('S21: nobody gets in without a session', async (t) => {
  const { ids } = await organizationWithEverything(server)
  for (const { operationId, method, template } of closed) {
    const answer = await server.call(method.toUpperCase(), pathOf(template, ids), bodyOf(operationId))
    t.like(answer, { status: 401, json: { code: 'unauthenticated' } }, operationId)
  }
  t.is(asked(ids.orgId), 0)
  t.log(`${closed.length} operations`)
})

for (const role of ROLES) {
  test(`S21: ${role} may call what the contract says and nothing else, by token and by cookie`, async (t) => {
    const { cookie, ids, memberId, orgId, token } = await organizationWithEverything(server)
    server.accounts.change(memberId, { role })
    let refused = 0
    for (const { operationId, method, permission, template } of ofOrganization) {
      const may = !isPermission(permission) || permissionsOf(role).has(permission)
      const ask = (carrier: { token: string } | { headers: Record<string, string> }) =>
        server.call(method.toUpperCase(), pathOf(template, ids), { ...carrier, ...bodyOf(operationId) })
      if (!may) {
        const before = asked(orgId)
        for (const carrier of [{ token }, { headers: { cookie } }]) {
          const answer = await ask(carrier)
          t.like(answer, { status: 403, json: { code: 'forbidden', missingPermission: permission } }, operationId)
          t.is(asked(orgId), before, `${operationId}: the core was not even asked`)
          refused++
        }
      } else if (operationId !== 'streamEvents') {
        const answer = await ask({ token })
        // A choice belongs to a login, and there was none.
        if (operationId === 'chooseFacebookAccount') t.is(answer.json.code, 'connect-state-invalid')
        else t.true(answer.status < 300, `${operationId}: ${answer.text}`)
      }
    }
    t.is(refused > 0, role === 'AGENT' || role === 'VIEWER')
    t.log(`${ofOrganization.length} operations, ${refused} refusals`)
  })
}

test('S21: an API key may call what takes one, and is refused wherever it takes a session', async (t) => {
  const { ids, orgId, ...owner } = await organizationWithEverything(server)
  const { secret } = await server.keyOf({ orgId, ...owner })
  const takes = closed.filter(({ security }) => security.includes('apiKey'))
  const rest = closed.filter(({ security }) => !security.includes('apiKey'))
  t.deepEqual(
    rest
      .filter(
        ({ reauth, permission }) => reauth !== true && isPermission(permission) && KEY_SCOPES.includes(permission),
      )
      .map(({ operationId }) => operationId),
    ['connectInstagram', 'connectFacebook', 'chooseFacebookAccount'],
    'a login belongs to the session that began it',
  )
  const before = asked(orgId)
  for (const { operationId, method, template } of rest) {
    const answer = await server.call(method.toUpperCase(), pathOf(template, ids), {
      token: secret,
      ...bodyOf(operationId),
    })
    t.like(answer, { status: 403, json: { code: 'session-required' } }, operationId)
  }
  t.is(asked(orgId), before)
  for (const { operationId, method, template } of takes) {
    if (operationId === 'streamEvents') continue
    // No browser of another site can send it, so what it says of itself is not looked at.
    const answer = await server.call(method.toUpperCase(), pathOf(template, ids), {
      token: secret,
      headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      ...bodyOf(operationId),
    })
    t.true(answer.status < 300, `${operationId}: ${answer.text}`)
  }
  const config = { token: secret, body: { config: { accessToken: 'another' } } }
  const { status, json } = await server.call('PATCH', `/orgs/${orgId}/channels/${ids.channelId}`, config)
  t.is(`${status} ${json.code}`, '403 session-required', 'what takes a password')
})

test('a key can be given every permission but those about people and keys, as the contract says', (t) => {
  const { document } = loadContract()
  const scopes = Reflect.get(document.components?.schemas?.['ApiKeyScope'] ?? {}, 'enum')
  t.deepEqual(scopes, [...KEY_SCOPES])
})

test('S27: a role that was lowered counts with the next request of the same session', async (t) => {
  const { ids, memberId, orgId, token } = await organizationWithEverything(server)
  const rename = () =>
    server.call('PATCH', `/orgs/${orgId}/channels/${ids.channelId}`, { token, body: { name: 'Another name' } })
  t.is((await rename()).status, 200)
  server.accounts.change(memberId, { role: 'AGENT' })
  t.like(await rename(), { status: 403, json: { missingPermission: 'channels:manage' } })
  t.is((await server.call('GET', `/orgs/${orgId}/channels`, { token })).status, 200)
  const me = await server.call('GET', '/auth/me', { token })
  t.is(me.json.role, 'AGENT')
  t.deepEqual(me.json.permissions.toSorted(), [...permissionsOf('AGENT')].toSorted())
})

test('S21: coming back from a login page takes what beginning takes', async (t) => {
  const { memberId, orgId, token } = await organizationWithEverything(server)
  const comeBack = (login: string) =>
    server.call('GET', `/oauth/${login}/callback?state=${orgId}.${'s'.repeat(43)}&code=c`, { token })
  t.is((await comeBack('instagram')).json.code, 'connect-denied', 'what the core of this test says')
  server.accounts.change(memberId, { role: 'AGENT' })
  const before = asked(orgId)
  for (const login of ['instagram', 'facebook']) {
    t.like(await comeBack(login), { status: 403, json: { missingPermission: 'channels:manage' } }, login)
  }
  t.is(asked(orgId), before)
})
