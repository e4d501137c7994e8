import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import test from 'ava'
import { loadContract } from '../../src/adapters/http/contract.ts'
import type { UserId } from '../../src/core/ids.ts'
import { METRICS_TOKEN, startHttp } from '../adapters/http/support/http-server.ts'
import { bodies, organizationWithEverything, pathOf } from '../adapters/http/support/organization-with-everything.ts'
import { connectStage } from '../support/connect-stage.ts'
import { signUp } from '../support/inbox-client.ts'
import { onEachProfile } from '../support/profiles.ts'
import { type Asked, createCaller } from './tenancy/calls.ts'

const { operations } = loadContract()
const server = await startHttp({ config: { production: true, exposeDocs: false } })
const mine = await organizationWithEverything(server)
const theirs = await organizationWithEverything(server)
// Paths go out as they are given: a browser's fetch would write them anew.
const caller = createCaller(server.url, 12)
test.after.always(async () => {
  caller.close()
  await server.stop()
})

const paths = [...new Set(operations.filter(({ raw }) => !raw).map(({ template }) => template))]
const codeOf = (text: string) => (text === '' ? null : JSON.parse(text).code)
const bodyFor = (operationId: string): Asked => {
  const body = bodies[operationId]
  return body === undefined ? {} : { body }
}

test.serial(
  'S28: a verb that a path does not take is 405 or unknown to the server, with a session and without',
  async (t) => {
    const verbs = [
      'PUT',
      'DELETE',
      'PATCH',
      'POST',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
      'COPY',
      'MOVE',
      'LOCK',
      'MKCOL',
      'SEARCH',
      'PURGE',
      'REPORT',
    ]
    const before = server.calls.length
    for (const template of paths) {
      const taken = operations.filter((one) => one.template === template).map(({ method }) => method.toUpperCase())
      for (const verb of verbs.filter((one) => !taken.includes(one))) {
        for (const asked of [{}, { token: mine.token }]) {
          const { status } = await caller.call(verb, pathOf(template, mine.ids), asked)
          t.is(status, 405, `${verb} ${template}`)
        }
      }
    }
    t.is(server.calls.length, before)
    for (const verb of ['get', 'GETS', 'DEBUG', 'TRACK', 'CONNECT', 'G E T']) {
      const answer = await raw(
        `${verb} /orgs/${mine.orgId}/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${mine.token}\r\n\r\n`,
      )
      t.notRegex(answer, /^HTTP\/1\.1 2/, verb)
    }
  },
)

/** What the server says before it closes the connection; it may say nothing at all. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    let all = ''
    socket.setTimeout(5_000, () => reject(new Error('the connection stays')))
    socket.on('data', (chunk) => (all += chunk.toString()))
    socket.on('close', () => resolve(all))
    socket.on('error', reject)
    socket.write(text)
  })
}

test.serial('S28: no header, query or field makes another verb of a request', async (t) => {
  const headers = { 'x-http-method-override': 'DELETE', 'x-http-method': 'DELETE', 'x-method-override': 'DELETE' }
  const wanted = operations.filter(({ method, template }) => method === 'delete' && template.startsWith('/orgs/'))
  t.true(wanted.length > 3)
  const before = server.calls.length
  for (const { template } of wanted) {
    const path = pathOf(template, mine.ids)
    const has = (method: string) => operations.some((one) => one.template === template && one.method === method)
    for (const query of ['', '?_method=DELETE', '?method=delete', '?X-HTTP-Method-Override=DELETE']) {
      const asked = { token: mine.token, headers }
      const got = await caller.call('GET', path + query, asked)
      t.true(has('get') ? [200, 400].includes(got.status) : got.status === 405, `GET ${path}${query}: ${got.status}`)
      const posted = await caller.call('POST', path + query, { ...asked, body: { _method: 'DELETE' } })
      t.true([400, 405].includes(posted.status), `POST ${path}${query}: ${posted.status}`)
    }
  }
  const removals = server.calls.slice(before).map(({ name }) => name)
  t.deepEqual(removals, [], 'nothing was done')
})

test.serial('S21: no header says who somebody is, nor what they may do', async (t) => {
  const member = await server.signUp()
  server.accounts.join(member.userId as UserId, mine.answer.json.org, 'VIEWER')
  const { orgId, userId, memberId, email } = mine
  const claims: Record<string, string> = { user: userId, 'x-user': email, 'x-user-id': userId, 'x-member-id': memberId }
  for (const name of ['remote-user', 'x-remote-user', 'x-forwarded-user', 'x-forwarded-email', 'x-auth-request-email'])
    claims[name] = email
  for (const name of ['x-role', 'x-forwarded-groups', 'x-permissions', 'x-scopes']) claims[name] = 'OWNER'
  for (const name of ['x-forwarded-for', 'cf-connecting-ip', 'true-client-ip', 'x-real-ip', 'x-client-ip'])
    claims[name] = '127.0.0.1'
  const paths = [`/orgs/${orgId}/tickets`, `/orgs/${orgId}/audit-log`, '/auth/me']
  for (const headers of [claims, ...Object.entries(claims).map(([name, value]) => ({ [name]: value }))]) {
    const title = Object.keys(headers).join(', ')
    for (const path of paths) t.is((await caller.call('GET', path, { headers })).status, 401, `${title}: ${path}`)
    const asked = { token: member.token, headers }
    t.is((await caller.call('GET', `/orgs/${orgId}/audit-log`, asked)).status, 403, title)
    t.is(JSON.parse((await caller.call('GET', '/auth/me', asked)).text).user.id, member.userId, title)
  }
})

/** Other spellings of a path; each is decided like the plain one, or is no path at all. */
const SPELLINGS: readonly [how: string, spell: (path: string) => string][] = [
  ['a slash at its end', (path) => `${path}/`],
  ['two of them', (path) => `${path}//`],
  ['a dot at its end', (path) => `${path}.`],
  ['a dotted end', (path) => `${path}/.`],
  ['two slashes at its beginning', (path) => `/${path}`],
  ['two slashes within', (path) => path.replace('/tickets', '//tickets').replace('/orgs/', '/orgs//')],
  ['a dot segment', (path) => `/.${path}`],
  ['a way up', (path) => `/auth/..${path}`],
  ['an encoded dot segment', (path) => `/%2e${path}`],
  ['an encoded way up', (path) => `/healthz/%2e%2e${path}`],
  ['a doubly encoded way up', (path) => `/healthz/%252e%252e${path}`],
  ['capitals', (path) => path.replace(/^\/\w+/, (word) => word.toUpperCase())],
  ['encoded letters', (path) => path.replace(/^\/(\w)/, (_, one: string) => `/%${one.charCodeAt(0).toString(16)}`)],
  ['parameters', (path) => path.replace(/^(\/\w+)/, '$1;x=1')],
  ['parameters at its end', (path) => `${path};jsessionid=1`],
  ['encoded slashes', (path) => path.replace(/^(\/\w+)\//, '$1%2f')],
  ['backslashes', (path) => path.replace(/^(\/\w+)\//, '$1\\')],
  ['an encoded NUL', (path) => `${path}%00`],
  ['an encoded line end', (path) => `${path}%0d%0a`],
  ['an encoded space', (path) => `${path}%20`],
  ['an encoded question mark', (path) => `${path}%3f`],
  ['an ending', (path) => `${path}.json`],
  ['what is no encoding', (path) => `${path}%zz`],
  ['a whole address', (path) => `http://localhost${path}`],
  ['an overlong encoding', (path) => `/%c0%ae%c0%ae${path}`],
]

test.serial('S29: a path in another spelling opens nothing that the plain one does not', async (t) => {
  const ours = operations.filter(
    ({ template, operationId }) => template.startsWith('/orgs/') && operationId !== 'streamEvents',
  )
  const before = server.calls.length
  const wrong: string[] = []
  let tried = 0
  for (const { operationId, method, template } of ours) {
    const path = pathOf(template, { ...theirs.ids })
    for (const [how, spell] of SPELLINGS) {
      const spelled = spell(path)
      tried += 2
      const of = await caller.call(method.toUpperCase(), spelled, { ...bodyFor(operationId), token: mine.token })
      if (![400, 404, 405].includes(of.status)) wrong.push(`${operationId} with ${how}: ${of.status} ${of.text}`)
      const nobodys = await caller.call(method.toUpperCase(), spelled, bodyFor(operationId))
      if (![400, 401, 404, 405].includes(nobodys.status)) wrong.push(`${operationId} with ${how}: ${nobodys.status}`)
    }
  }
  t.deepEqual(wrong, [])
  t.is(server.calls.length, before, 'the core was not even asked')
  t.log(`${tried} calls`)
})

test.serial('S29: an id in another spelling is the same id or none', async (t) => {
  const { orgId, ids } = mine
  const ticket = (id: string) => caller.call('GET', `/orgs/${orgId}/tickets/${id}`, { token: mine.token })
  const same = [ids.ticketId.toUpperCase(), ids.ticketId.replace(/^./, (one) => `%${one.charCodeAt(0).toString(16)}`)]
  for (const id of same) t.is((await ticket(id)).status, 200, id)
  const none = ['', '%20', '..', '%2e%2e', `{${ids.ticketId}}`, ids.ticketId.replaceAll('-', ''), `${ids.ticketId}%00`]
  const more = [
    `%7b${ids.ticketId}%7d`,
    `${ids.ticketId},${theirs.ids.ticketId}`,
    `${ids.ticketId}%2f..%2f${theirs.ids.ticketId}`,
  ]
  for (const id of [...none, ...more]) {
    const { status, text } = await ticket(id)
    if (id === '') t.is(status, 200, 'the list')
    else t.true(status === 404 || status === 400, `${id}: ${status} ${text}`)
  }
})

const FAR = { 'x-forwarded-for': '203.0.113.7' }

test.serial(
  'S30: doors for setting up, debugging and measuring are not there in production, or want their token',
  async (t) => {
    const absent = [
      '/docs',
      '/docs/',
      '/docs/swagger-ui-bundle.js',
      '/setup',
      '/seed',
      '/debug',
      '/debug/pprof',
      '/admin',
      '/test',
      '/simulator',
      '/control',
      '/failpoints',
      '/clock',
      '/env',
      '/.env',
      '/.git/config',
      '/server-status',
      '/actuator/env',
      '/config',
      '/graphql',
      '/jobs',
      '/queues',
      '/api-docs',
      '/swagger',
      '/console',
      '/package.json',
      '/src/main.ts',
    ]
    for (const path of absent) {
      for (const asked of [{}, { token: mine.token }, { headers: FAR }]) {
        for (const method of ['GET', 'POST']) {
          const { status, text } = await caller.call(method, path, asked)
          t.is(status, 404, `${method} ${path}`)
          t.is(codeOf(text), 'not-found')
        }
      }
    }
    for (const path of ['/metrics', '//metrics', '/metrics/', '/METRICS', '/%6detrics', '/metrics;x', '/metrics%00']) {
      for (const headers of [
        FAR,
        { ...FAR, authorization: `Bearer ${mine.token}` },
        { ...FAR, authorization: 'Bearer ' },
      ]) {
        const { status, text } = await caller.call('GET', path, { headers })
        t.true([400, 401, 404].includes(status), `${path}: ${status}`)
        t.false(text.includes('http_server_request'))
      }
    }
    t.is(
      (await caller.call('GET', '/metrics', { headers: { ...FAR, authorization: `Bearer ${METRICS_TOKEN}` } })).status,
      200,
    )
    const ready = await caller.call('GET', '/readyz', { headers: FAR })
    t.deepEqual(JSON.parse(ready.text), { status: 'ok', checks: null })
  },
)

onEachProfile((profile) => {
  test(`S30: ${profile}: the first organization closes the door behind it`, async (t) => {
    const stage = await connectStage(profile, { SIGNUP_MODE: 'invite' })
    t.teardown(() => stage.close())
    const person = () => ({
      orgName: 'Shop',
      name: 'Sam',
      email: `${randomUUID()}@example.com`,
      password: 'a good long password',
    })
    await signUp(stage.url)
    const post = () =>
      fetch(`${stage.url}/auth/signup`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(person()),
      })
    for (const { status } of await Promise.all(Array.from({ length: 10 }, post))) t.is(status, 403)
  })
})

test.serial('S30: what somebody asks by mistake is in the log without what may open something', async (t) => {
  const token = `planted-${'t'.repeat(32)}`
  const asked = [
    `/reset/${token}`,
    `/Media/${token}`,
    `//media//${token}`,
    `/orgs/${mine.orgId}/${token}?key=${token}`,
    `/${'x/'.repeat(300)}`,
    `/%1b[31mred"\\<script>`,
  ]
  server.log.lines.length = 0
  for (const path of asked) await caller.call('GET', path)
  const logged = server.log.lines.map(({ fields }) => String(fields['path']))
  t.deepEqual(logged.slice(0, 4), ['/reset/…', '/Media/…', '//media//…', `/orgs/${mine.orgId}/…`])
  t.true(logged.every((path) => path.length <= 200))
  t.is(logged[5], '/%1b%5B31mred%22%5C%3Cscript%3E')
  t.false(server.log.text.includes('planted-t'))
})
