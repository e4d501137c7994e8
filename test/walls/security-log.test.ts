import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { SECURITY_EVENTS, type SecurityEvent } from '../../src/adapters/http/security-events.ts'
import { createAccountDirectory } from '../../src/adapters/persistence/account-directory.ts'
import { createPasswordHasher } from '../../src/adapters/security/password-hasher.ts'
import type { MemberId, OrgId, UserId } from '../../src/core/ids.ts'
import type { Role } from '../../src/core/member/permissions.ts'
import { PASSWORD, startHttp } from '../adapters/http/support/http-server.ts'
import type { RecordingLog } from '../fakes/recording-log.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { tokenOf } from '../support/people-client.ts'
import { planted } from '../support/planted.ts'
import { waitFor } from '../support/processes.ts'
import { onEachProfile } from '../support/profiles.ts'
import { ROOT } from '../support/program.ts'
import { ids as newIds } from '../support/seed.ts'
import { type SmtpServer, startSmtpServer } from '../support/smtp-server.ts'

type Line = Readonly<Record<string, unknown>>
/** What a call is expected to have said: the fields of its line, besides those of every one. */
type Said = Readonly<{ requestId: string; fields: Line; secrets: readonly string[]; log?: RecordingLog; atDoor?: true }>
type Case = Readonly<{ event: SecurityEvent; what: string; provoke: (desk: Desk) => Promise<Said> }>

type Asked = Readonly<{ token?: string; cookie?: string; body?: unknown; headers?: Record<string, string> }>
type Person = Readonly<{ orgId: string; userId: string; memberId: string; email: string; token: string }>

let calls = 0
/** Each call is from a network of its own, unless it says otherwise: a cause is told once a minute. */
const elsewhere = () => `203.0.${Math.floor(++calls / 250)}.${(calls % 250) + 1}`

async function openDesk(stage: ConnectStage, smtp: SmtpServer) {
  const password = planted('password')
  const passwordHash = await createPasswordHasher().hash(password)
  const accounts = createAccountDirectory({ orm: stage.db.orm({ poolSize: 2 }) })
  const newEmail = () => `someone-${randomUUID()}@example.com`

  async function ask(method: string, path: string, { token, cookie, body, headers = {} }: Asked = {}) {
    const requestId = randomUUID()
    const isBytes = typeof body === 'string'
    const answer = await fetch(`${stage.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        'x-request-id': requestId,
        'x-forwarded-for': elsewhere(),
        ...(body !== undefined && !isBytes && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(cookie !== undefined && { cookie }),
        ...headers,
      },
      ...(body !== undefined && { body: isBytes ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = /json/.test(answer.headers.get('content-type') ?? '')
    return { requestId, status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text }
  }
  async function signUp(): Promise<Person & { cookie: string; requestId: string }> {
    const email = newEmail()
    const made = await ask('POST', '/auth/signup', { body: { orgName: 'Shop', name: 'Sam', email, password } })
    if (made.status !== 201) throw new Error(JSON.stringify(made.body))
    const { accessToken: token, orgId, user } = made.body
    const cookie = (made.headers.get('set-cookie') ?? '').split(';')[0]!
    const me = await ask('GET', '/auth/me', { token })
    return { email, token, orgId, cookie, userId: user.id, memberId: me.body.memberId, requestId: made.requestId }
  }
  /** Somebody else of the organization, signed in. */
  async function colleague({ orgId }: Person, role: Role, email = newEmail()): Promise<Person> {
    const memberId = newIds.next() as MemberId
    const person = { email, name: 'Kim', passwordHash, role, now: new Date() }
    const { id } = await accounts.addMember({
      ...{ orgId: orgId as OrgId, memberId, userId: newIds.next() as UserId, ...person },
    })
    const { body } = await ask('POST', '/auth/login', { body: { email, password } })
    return { orgId, memberId, userId: id, email, token: body.accessToken }
  }
  async function makeKey({ orgId, token }: Person, given: object = {}) {
    const body = { name: 'A program', scopes: ['tickets:read'], ...given }
    const made = await ask('POST', `/orgs/${orgId}/api-keys`, { token, body })
    if (made.status !== 201) throw new Error(JSON.stringify(made.body))
    return { id: made.body.key.id as string, secret: made.body.secret as string, requestId: made.requestId }
  }
  const letter = async (email: string, subject: string) =>
    tokenOf(/https?:\S+/.exec((await waitFor(async () => smtp.letterTo(email, subject))).text)?.[0] ?? '')
  return { stage, ask, signUp, colleague, makeKey, letter, newEmail, password }
}
type Desk = Awaited<ReturnType<typeof openDesk>>

const CASES: readonly Case[] = [
  {
    event: 'sign-up.succeeded',
    what: 'somebody signs up',
    async provoke({ signUp, password }) {
      const { requestId, orgId, memberId, email, token } = await signUp()
      return { requestId, fields: { orgId, memberId, operationId: 'signUp' }, secrets: [email, token, password] }
    },
  },
  {
    event: 'sign-up.refused',
    what: 'an address that is taken',
    async provoke({ ask, signUp, password }) {
      const { email } = await signUp()
      const again = await ask('POST', '/auth/signup', { body: { orgName: 'Shop', name: 'Sam', email, password } })
      return { requestId: again.requestId, fields: { operationId: 'signUp' }, secrets: [email, password] }
    },
  },
  {
    event: 'sign-in.succeeded',
    what: 'somebody signs in',
    async provoke({ ask, signUp, password }) {
      const { email, orgId, memberId } = await signUp()
      const { requestId, body } = await ask('POST', '/auth/login', { body: { email, password } })
      return { requestId, fields: { orgId, memberId }, secrets: [email, password, body.accessToken] }
    },
  },
  {
    event: 'sign-in.failed',
    what: 'a wrong password of somebody who is known names the member',
    async provoke({ ask, signUp }) {
      const { email, orgId, memberId } = await signUp()
      const wrong = planted('wrong-password')
      const { requestId } = await ask('POST', '/auth/login', { body: { email, password: wrong } })
      return { requestId, fields: { orgId, memberId, emailHash: undefined }, secrets: [email, wrong] }
    },
  },
  {
    event: 'sign-in.failed',
    what: 'an address that is nobody’s has a name that only says whether it is the same',
    async provoke({ ask, newEmail, password }) {
      const email = newEmail()
      const { requestId } = await ask('POST', '/auth/login', { body: { email, password } })
      return { requestId, fields: { memberId: undefined }, secrets: [email, password] }
    },
  },
  {
    event: 'sign-out',
    what: 'somebody signs out',
    async provoke({ ask, signUp }) {
      const { token, orgId, userId } = await signUp()
      const { requestId } = await ask('POST', '/auth/logout', { token })
      return { requestId, fields: { orgId, userId }, secrets: [token] }
    },
  },
  {
    event: 'session.ended',
    what: 'a person ends the other ones',
    async provoke({ ask, signUp }) {
      const { token, orgId, userId } = await signUp()
      const { requestId } = await ask('DELETE', '/auth/sessions', { token })
      return { requestId, fields: { orgId, userId, reason: 'all-others' }, secrets: [token] }
    },
  },
  {
    event: 'session.ended',
    what: 'an administrator signs a member out',
    async provoke({ ask, signUp, colleague }) {
      const owner = await signUp()
      const agent = await colleague(owner, 'AGENT')
      const path = `/orgs/${owner.orgId}/members/${agent.memberId}/sessions`
      const { requestId } = await ask('DELETE', path, { token: owner.token })
      const fields = {
        memberId: owner.memberId,
        resourceId: agent.memberId,
        reason: 'by-an-administrator',
        sessions: 1,
      }
      return { requestId, fields, secrets: [agent.token, agent.email] }
    },
  },
  {
    event: 'session.refused',
    what: 'a token that opens nothing',
    async provoke({ ask }) {
      const token = planted('session-token').slice(0, 32)
      const { requestId } = await ask('GET', '/auth/me', { token })
      return { requestId, fields: { shown: 'token' }, secrets: [token] }
    },
  },
  {
    event: 'session.refused',
    what: 'nothing is shown',
    async provoke({ ask }) {
      const { requestId } = await ask('GET', `/orgs/${randomUUID()}/tickets`)
      return { requestId, fields: { shown: 'nothing', operationId: 'listTickets' }, secrets: [] }
    },
  },
  {
    event: 'organization.switched',
    what: 'somebody goes on in another organization of theirs',
    async provoke({ ask, signUp, colleague }) {
      const [one, other] = [await signUp(), await signUp()]
      const there = await colleague(other, 'AGENT', one.email)
      const { requestId, body } = await ask('POST', '/auth/switch', { token: one.token, body: { orgId: other.orgId } })
      const fields = { orgId: other.orgId, memberId: there.memberId, fromOrgId: one.orgId }
      return { requestId, fields, secrets: [one.token, body.accessToken] }
    },
  },
  {
    event: 'organization.refused',
    what: 'somebody asks for another organization',
    async provoke({ ask, signUp }) {
      const [one, other] = [await signUp(), await signUp()]
      const { requestId } = await ask('GET', `/orgs/${other.orgId}/tickets`, { token: one.token })
      return {
        requestId,
        fields: { userId: one.userId, askedOrgId: other.orgId, orgId: undefined },
        secrets: [one.token],
      }
    },
  },
  {
    event: 'password.changed',
    what: 'somebody changes their password',
    async provoke({ ask, signUp, password }) {
      const { token, orgId, userId } = await signUp()
      const newPassword = planted('password')
      const { requestId } = await ask('POST', '/auth/password', {
        token,
        body: { currentPassword: password, newPassword },
      })
      return { requestId, fields: { orgId, userId }, secrets: [password, newPassword, token] }
    },
  },
  {
    event: 'password.reset-asked',
    what: 'a link is asked for',
    async provoke({ ask, signUp }) {
      const { email } = await signUp()
      const { requestId } = await ask('POST', '/auth/password-reset', { body: { email } })
      return { requestId, fields: { operationId: 'requestPasswordReset' }, secrets: [email] }
    },
  },
  {
    event: 'password.reset',
    what: 'a link is used',
    async provoke({ ask, signUp, letter }) {
      const { email, userId } = await signUp()
      await ask('POST', '/auth/password-reset', { body: { email } })
      const token = await letter(email, 'A new password')
      const password = planted('password')
      const { requestId } = await ask('POST', '/auth/password-reset/confirm', { body: { token, password } })
      return { requestId, fields: { userId }, secrets: [email, token, password] }
    },
  },
  {
    event: 'password.reset-refused',
    what: 'a link that is none',
    async provoke({ ask }) {
      const [token, password] = ['A'.repeat(43), planted('password')]
      const { requestId } = await ask('POST', '/auth/password-reset/confirm', { body: { token, password } })
      return { requestId, fields: { operationId: 'confirmPasswordReset' }, secrets: [token, password] }
    },
  },
  {
    event: 'reauthentication.succeeded',
    what: 'somebody gives their password again',
    async provoke({ ask, signUp, password }) {
      const { token, orgId, userId } = await signUp()
      const { requestId } = await ask('POST', '/auth/reauthenticate', { token, body: { password } })
      return { requestId, fields: { orgId, userId }, secrets: [password, token] }
    },
  },
  {
    event: 'reauthentication.failed',
    what: 'whoever has the session does not know the password',
    async provoke({ ask, signUp }) {
      const { token, orgId, userId } = await signUp()
      const wrong = planted('wrong-password')
      const { requestId } = await ask('POST', '/auth/reauthenticate', { token, body: { password: wrong } })
      return { requestId, fields: { orgId, userId }, secrets: [wrong, token] }
    },
  },
  {
    event: 'reauthentication.required',
    what: 'something weighty in a session that is too old for it',
    async provoke() {
      // With a clock that can be set, over fakes.
      const server = await startHttp()
      try {
        const { token, orgId, memberId } = await server.signUp()
        server.time.offsetMs = 601_000
        const requestId = randomUUID()
        const headers = { 'x-request-id': requestId }
        await server.call('DELETE', `/orgs/${orgId}/members/${memberId}`, { token, headers })
        return { requestId, fields: { orgId, memberId }, secrets: [token, PASSWORD], log: server.log }
      } finally {
        await server.stop()
      }
    },
  },
  {
    event: 'invitation.accepted',
    what: 'somebody joins',
    async provoke({ ask, signUp, newEmail, password }) {
      const owner = await signUp()
      const email = newEmail()
      const invited = { token: owner.token, body: { email, role: 'AGENT' } }
      const { link } = (await ask('POST', `/orgs/${owner.orgId}/invitations`, invited)).body
      const token = tokenOf(link)
      const joined = await ask('POST', '/auth/invitations/accept', { body: { token, name: 'Ann', password } })
      const fields = { orgId: owner.orgId, userId: joined.body.user.id }
      return { requestId: joined.requestId, fields, secrets: [email, token, password] }
    },
  },
  {
    event: 'invitation.refused',
    what: 'a link that is none',
    async provoke({ ask }) {
      const token = 'B'.repeat(43)
      const { requestId } = await ask('POST', '/auth/invitations/show', { body: { token } })
      return { requestId, fields: { operationId: 'showInvitation' }, secrets: [token] }
    },
  },
  {
    event: 'api-key.created',
    what: 'a key is made',
    async provoke({ makeKey, signUp }) {
      const { orgId, memberId, ...owner } = await signUp()
      const key = await makeKey({ ...owner, orgId, memberId })
      return { requestId: key.requestId, fields: { orgId, memberId, resourceId: key.id }, secrets: [key.secret] }
    },
  },
  {
    event: 'api-key.revoked',
    what: 'a key is revoked',
    async provoke({ ask, makeKey, signUp }) {
      const owner = await signUp()
      const { id, secret } = await makeKey(owner)
      const { requestId } = await ask('DELETE', `/orgs/${owner.orgId}/api-keys/${id}`, { token: owner.token })
      return { requestId, fields: { memberId: owner.memberId, resourceId: id }, secrets: [secret] }
    },
  },
  ...(
    [
      ['unknown', 'a key that is none'],
      ['ended', 'one that has ended'],
      ['network', 'one from a network that it is not for'],
      ['scope', 'one without the scope'],
      ['channel', 'one for other channels'],
      ['takes-a-session', 'one where a person is asked for'],
    ] as const
  ).map(
    ([reason, what]): Case => ({
      event: 'api-key.refused',
      what,
      async provoke({ ask, makeKey, signUp }) {
        const owner = await signUp()
        const at = `/orgs/${owner.orgId}`
        const channel = { type: 'API', name: 'A form', config: { secret: planted('channel-secret') } }
        const { body } = await ask('POST', `${at}/channels`, { token: owner.token, body: channel })
        const given = {
          network: { allowedCidrs: ['198.51.100.0/24'] },
          channel: { channelIds: [body.id], scopes: ['events:read'] },
        }
        const key = await makeKey(owner, reason in given ? given[reason as keyof typeof given] : {})
        if (reason === 'ended') await ask('DELETE', `${at}/api-keys/${key.id}`, { token: owner.token })
        const last = key.secret.at(-1)
        const secret = reason === 'unknown' ? `${key.secret.slice(0, -1)}${last === '0' ? '1' : '0'}` : key.secret
        const paths = { scope: '/channels', channel: '/events', 'takes-a-session': '/members/x/sessions' }
        const path = reason in paths ? paths[reason as keyof typeof paths] : '/tickets'
        const target = path.replace('/x/', `/${owner.memberId}/`)
        const method = reason === 'takes-a-session' ? 'DELETE' : 'GET'
        const { requestId } = await ask(method, `${at}${target}`, { token: secret })
        const apiKeyId = reason === 'unknown' ? undefined : key.id
        return { requestId, fields: { reason, apiKeyId }, secrets: [secret, key.secret] }
      },
    }),
  ),
  {
    event: 'permission.refused',
    what: 'a role that may not',
    async provoke({ ask, colleague, signUp }) {
      const owner = await signUp()
      const { memberId, orgId, token } = await colleague(owner, 'VIEWER')
      const { requestId } = await ask('GET', `/orgs/${orgId}/audit-log`, { token })
      const fields = { orgId, memberId, permission: 'audit:read', operationId: 'listAuditEntries' }
      return { requestId, fields, secrets: [token] }
    },
  },
  {
    event: 'origin.refused',
    what: 'a write from another site',
    async provoke({ ask, signUp }) {
      const { cookie } = await signUp()
      const { requestId } = await ask('POST', '/auth/logout', { cookie, headers: { origin: 'https://evil.example' } })
      return { requestId, fields: { operationId: 'logOut' }, secrets: [cookie, 'evil.example'] }
    },
  },
  {
    event: 'input.refused',
    what: 'a body that breaks the contract',
    async provoke({ ask, signUp }) {
      const { orgId, memberId, token } = await signUp()
      const field = planted('field')
      const { requestId } = await ask('POST', `/orgs/${orgId}/channels`, { token, body: { [field]: field } })
      return { requestId, fields: { orgId, memberId, reason: 'invalid-request' }, secrets: [field] }
    },
  },
  {
    event: 'cursor.refused',
    what: 'a cursor that nobody made',
    async provoke({ ask, signUp }) {
      const { orgId, memberId, token } = await signUp()
      const { requestId } = await ask('GET', `/orgs/${orgId}/tickets?cursor=made.up`, { token })
      return { requestId, fields: { orgId, memberId, reason: 'cursor-invalid' }, secrets: ['made.up'] }
    },
  },
  {
    event: 'connect-state.refused',
    what: 'a login that comes back and was never begun',
    async provoke({ ask, signUp }) {
      const { cookie } = await signUp()
      const state = planted('state')
      const path = `/oauth/instagram/callback?state=${state}&code=x`
      const { requestId } = await ask('GET', path, { cookie, headers: { accept: 'text/html' } })
      return { requestId, fields: { operationId: 'finishInstagramLogin' }, secrets: [state, cookie] }
    },
  },
  {
    event: 'media-link.refused',
    what: 'a link that nobody made',
    async provoke({ ask }) {
      const token = planted('media-token')
      const { requestId } = await ask('GET', `/media/${token}`)
      return { requestId, fields: { operationId: 'getMedia' }, secrets: [token] }
    },
  },
  {
    event: 'deletion-code.refused',
    what: 'a code that nobody made',
    async provoke({ ask }) {
      const code = planted('deletion-code')
      const { requestId } = await ask('GET', `/data-deletion/${code}`)
      return { requestId, fields: { operationId: 'getDataDeletion' }, secrets: [code] }
    },
  },
  {
    event: 'signature.refused',
    what: 'a delivery that the platform did not sign',
    async provoke({ ask }) {
      const signature = `sha256=${'ab'.repeat(32)}`
      const headers = { 'x-hub-signature-256': signature, 'x-forwarded-for': '203.0.113.9' }
      const { requestId } = await ask('POST', '/webhook/instagram', { body: '{"object":"instagram"}', headers })
      const fields = { appName: 'instagram', what: 'delivery', network: '203.0.113.9' }
      return { requestId, fields, secrets: [signature], atDoor: true }
    },
  },
  {
    event: 'signature.refused',
    what: 'a callback that the platform did not sign',
    async provoke({ ask }) {
      const body = 'signed_request=abc.def'
      const { requestId } = await ask('POST', '/webhook/instagram/deauthorize', { body })
      return { requestId, fields: { appName: 'instagram', what: 'deauthorize' }, secrets: ['abc.def'], atDoor: true }
    },
  },
  {
    event: 'verify-token.refused',
    what: 'a handshake with a wrong token',
    async provoke({ ask }) {
      const wrong = planted('verify-token')
      const query = `hub.mode=subscribe&hub.verify_token=${wrong}&hub.challenge=1`
      const { requestId } = await ask('GET', `/webhook/instagram?${query}`)
      return { requestId, fields: { appName: 'instagram' }, secrets: [wrong], atDoor: true }
    },
  },
  {
    event: 'metrics.refused',
    what: 'a wrong token for the figures',
    async provoke({ ask }) {
      const token = planted('figures-token')
      const { requestId } = await ask('GET', '/metrics', { token })
      return { requestId, fields: { operationId: 'getMetrics' }, secrets: [token] }
    },
  },
  {
    event: 'limit.reached',
    what: 'too many wrong passwords',
    async provoke({ ask, newEmail, password }) {
      const email = newEmail()
      const headers = { 'x-forwarded-for': '198.51.100.77' }
      const logIn = () => ask('POST', '/auth/login', { body: { email, password }, headers })
      for (let count = 0; count < 10; count++) await logIn()
      const { requestId } = await logIn()
      return { requestId, fields: { operationId: 'logIn', network: '198.51.100.77' }, secrets: [email, password] }
    },
  },
]

const linesOf = (log: RecordingLog, requestId: string): readonly Line[] =>
  log.lines
    .filter(({ fields }) => fields['requestId'] === requestId && typeof fields['event'] === 'string')
    .map(({ fields, message }) => ({ ...fields, message }))

test('every event of the log of security has a test that provokes it', (t) => {
  const provoked = new Set(CASES.map(({ event }) => event))
  t.deepEqual([...provoked].toSorted(), Object.keys(SECURITY_EVENTS).toSorted() as SecurityEvent[])
})

test('docs/operations.md has the table of the events', (t) => {
  const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
  const section = page.split('### Lines of security')[1]?.split('\n## ')[0] ?? ''
  t.deepEqual(
    section.split('\n').filter((line) => line.startsWith('| `')),
    Object.entries(SECURITY_EVENTS).map(([event, what]) => `| \`${event}\` | ${what} |`),
  )
})

onEachProfile((profile) => {
  let stage: ConnectStage
  let smtp: SmtpServer
  let desk: Desk
  test.before(async (t) => {
    t.timeout(120_000)
    smtp = await startSmtpServer()
    stage = await connectStage(profile, {
      ...{ TRUST_PROXY: '1', SMTP_URL: smtp.url, SMTP_FROM: 'inbox@inbox.example' },
      METRICS_TOKEN: planted('metrics-token'),
    })
    desk = await openDesk(stage, smtp)
  })
  test.after.always(async () => {
    await stage?.close()
    await smtp?.close()
  })

  for (const { event, what, provoke } of CASES) {
    test.serial(`${profile}: ${event}: ${what}: one line, and nothing secret in it`, async (t) => {
      const { requestId, fields, secrets, log = stage.log, atDoor = false } = await provoke(desk)
      // Some are told behind the answer; the line of the request itself comes last.
      await waitFor(async () => linesOf(log, requestId).length > 0)
      const found = linesOf(log, requestId)
      t.is(found.length, 1, JSON.stringify(found))
      const [line = {}] = found
      t.is(line['event'], event)
      t.is(line['message'], SECURITY_EVENTS[event])
      t.like(line, fields)
      t.regex(String(line['network']), /^[\d.]+$|::/)
      if (!atDoor) t.is(typeof line['route'], 'string')
      const text = JSON.stringify(line)
      for (const secret of secrets) t.false(text.includes(secret), secret)
    })
  }

  test.serial(
    `${profile}: the line of a request says who asked: a member, a key, or a person without an organization`,
    async (t) => {
      const owner = await desk.signUp()
      const key = await desk.makeKey(owner)
      const line = (requestId: string) =>
        waitFor(async () =>
          stage.log.lines.find(({ fields, message }) => message === 'request' && fields['requestId'] === requestId),
        )
      const { orgId, memberId, userId, token } = owner
      const asMember = await desk.ask('GET', `/orgs/${orgId}/tickets`, { token })
      t.like((await line(asMember.requestId)).fields, { orgId, memberId, apiKeyId: undefined })
      const asKey = await desk.ask('GET', `/orgs/${orgId}/tickets`, { token: key.secret })
      t.like((await line(asKey.requestId)).fields, { orgId, memberId, apiKeyId: key.id })
      const asPerson = await desk.ask('GET', '/auth/sessions', { token })
      t.like((await line(asPerson.requestId)).fields, { userId, memberId: undefined })
      const asNobody = await desk.ask('GET', '/problems')
      t.like((await line(asNobody.requestId)).fields, { userId: undefined, memberId: undefined, apiKeyId: undefined })
    },
  )

  test.serial(
    `${profile}: whoever tries an address again and again has a line a minute, and a row of the audit log`,
    async (t) => {
      const { email, orgId, token, memberId } = await desk.signUp()
      const before = stage.log.lines.length
      for (let count = 0; count < 5; count++)
        t.is((await desk.ask('POST', '/auth/login', { body: { email, password: 'not-the-password' } })).status, 401)
      const told = () => stage.log.lines.slice(before).filter(({ fields }) => fields['event'] === 'sign-in.failed')
      await waitFor(async () => told().length > 0)
      t.like(told()[0]?.fields, { memberId })
      const noted = await desk.ask('GET', `/orgs/${orgId}/audit-log?action=sign-in.failed`, { token })
      t.is(noted.body.data.length, 1)
      t.is(told().length, 1)
    },
  )
})
