import { randomUUID } from 'node:crypto'
import test from 'ava'
import { loadContract } from '../../src/adapters/http/contract.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { tokenOf } from '../support/people-client.ts'
import { planted } from '../support/planted.ts'
import { onEachProfile } from '../support/profiles.ts'
import { type Answered, type Asked, type Caller, createCaller, inParallel } from './tenancy/calls.ts'

const WRONG = 'not-the-password-of-anybody'
let networks = 0
/** Of tries that are counted, so that none of these tests uses up what another has. */
const elsewhere = () => ({ 'x-forwarded-for': `203.0.113.${++networks}` })

// What the HTTP adapter keeps over fakes, with the stores that there are: sessions and limits in PostgreSQL and the process, or in Redis.
onEachProfile((profile) => {
  let stage: ConnectStage
  let doors: readonly [Caller, Caller]
  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile, { PUBLIC_URL: 'https://inbox.example', TRUST_PROXY: '1' })
    doors = [createCaller(stage.url, 16), createCaller(await stage.another(), 16)]
  })
  test.after.always(async () => {
    for (const door of doors ?? []) door.close()
    await stage?.close()
  })

  const bodyOf = ({ text }: Answered) => (text === '' ? null : JSON.parse(text))
  const ask = (method: string, path: string, asked: Asked = {}, door: 0 | 1 = 0) =>
    doors[door].call(method, path, { ...asked, headers: { ...elsewhere(), ...asked.headers } })
  const cookieOf = ({ headers }: Answered) => headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  async function signUp() {
    const [email, password] = [`${randomUUID()}@example.com`, planted('password')]
    const made = await ask('POST', '/auth/signup', { body: { orgName: 'Shop', name: 'Sam', email, password } })
    const { accessToken: token, orgId } = bodyOf(made)
    return { email, password, token: token as string, orgId: orgId as string, cookie: cookieOf(made) }
  }
  const statusOf = async (token: string, door: 0 | 1 = 0) => (await ask('GET', '/auth/me', { token }, door)).status

  test(`S21: ${profile}: without a session nothing of anybody's is open, at either process`, async (t) => {
    const { orgId } = await signUp()
    const closed = loadContract().operations.filter(({ permission }) => permission !== 'public')
    t.true(closed.length > 60)
    await inParallel([...closed.keys()], 8, async (at) => {
      const { method, template, operationId } = closed[at]!
      const path = template.replace('{orgId}', orgId).replace(/\{\w+\}/g, () => randomUUID())
      const answer = await ask(method.toUpperCase(), path, {}, at % 2 === 0 ? 0 : 1)
      t.deepEqual([answer.status, bodyOf(answer)?.code], [401, 'unauthenticated'], operationId)
    })
  })

  test(`S52: ${profile}: a wrong password is refused wherever one is asked for, and changes nothing`, async (t) => {
    const person = await signUp()
    const owner = await signUp()
    const { token, email } = person
    const invited = { token: owner.token, body: { email, role: 'AGENT' } }
    const link = tokenOf(bodyOf(await ask('POST', `/orgs/${owner.orgId}/invitations`, invited)).link)
    const tries: readonly (readonly [path: string, asked: Asked])[] = [
      ['/auth/login', { body: { email, password: WRONG } }],
      ['/auth/reauthenticate', { token, body: { password: WRONG } }],
      ['/auth/password', { token, body: { currentPassword: WRONG, newPassword: planted('password') } }],
      ['/auth/invitations/accept', { body: { token: link, password: WRONG } }],
    ]
    for (const [path, asked] of tries)
      for (const door of [0, 1] as const) {
        const answer = await ask('POST', path, asked, door)
        t.deepEqual([answer.status, bodyOf(answer).code], [401, 'invalid-credentials'], path)
        t.is(answer.headers['set-cookie'], undefined, path)
      }
    t.is(await statusOf(token), 200)
    t.is(bodyOf(await ask('GET', '/auth/me', { token })).memberships.length, 1)
    t.is((await ask('POST', '/auth/login', { body: { email, password: person.password } })).status, 200)
  })

  test(`S55, S56: ${profile}: of a hundred wrong passwords at once ten are looked at, and the person comes in from elsewhere`, async (t) => {
    const { email, password } = await signUp()
    const from = elsewhere()
    const spellings = [email, email.toUpperCase(), ` ${email}`, `${email} `]
    // Where limits are in Redis the processes count together.
    const doorOf = (at: number) => (profile === 'services' && at % 2 === 1 ? 1 : 0)
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, at) => {
        const body = { email: spellings[at % spellings.length], password: WRONG }
        return ask('POST', '/auth/login', { body, headers: from }, doorOf(at))
      }),
    )
    const count = (status: number) => answers.filter((answer) => answer.status === status).length
    t.deepEqual([count(401), count(429)], [10, 90])
    const body = { email, password }
    const paused = await ask('POST', '/auth/login', { body, headers: from })
    t.is(paused.status, 429)
    t.true(Number(paused.headers['retry-after']) > 0)
    t.is((await ask('POST', '/auth/login', { body })).status, 200)
  })

  test(`S58, S61: ${profile}: whoever signs in has an id that nobody knew, and whoever signs out has none`, async (t) => {
    const { email, password, token: first, cookie } = await signUp()
    const body = { email, password }
    const known = [cookie, '__Host-sid=s%3Aplanted.planted', `__Host-sid=s%3A${'A'.repeat(32)}.${'B'.repeat(43)}`]
    for (const headers of known.map((one) => ({ cookie: one }))) {
      const answer = await ask('POST', '/auth/login', { body, headers })
      t.is(answer.status, 200)
      t.not(cookieOf(answer), headers.cookie)
      t.false([first, 'planted', 'A'.repeat(32)].includes(bodyOf(answer).accessToken))
      t.is((await ask('GET', '/auth/me', { headers }, 1)).status, 401, 'what was there before is over')
    }
    const signedIn = await ask('POST', '/auth/login', { body })
    const token = bodyOf(signedIn).accessToken as string
    const listed = async (by: string) => bodyOf(await ask('GET', '/auth/sessions', { token: by })).data.length
    const other = bodyOf(await ask('POST', '/auth/login', { body })).accessToken
    const before = await listed(other)
    t.is(await statusOf(token, 1), 200)
    t.is((await ask('POST', '/auth/logout', { token })).status, 204)
    for (const door of [0, 1] as const) {
      t.is(await statusOf(token, door), 401)
      t.is((await ask('GET', '/auth/me', { headers: { cookie: cookieOf(signedIn) } }, door)).status, 401)
    }
    t.is(await listed(other), before - 1)
  })

  test(`S58, S63: ${profile}: a new password brings another id and ends every other session, at the other process too`, async (t) => {
    const { email, password, token } = await signUp()
    const phone = bodyOf(await ask('POST', '/auth/login', { body: { email, password } })).accessToken as string
    const given = bodyOf(await ask('POST', '/auth/reauthenticate', { token, body: { password } })).accessToken as string
    t.deepEqual([await statusOf(token, 1), await statusOf(given, 1), await statusOf(phone, 1)], [401, 200, 200])
    const newPassword = planted('password')
    const changed = await ask('POST', '/auth/password', {
      token: given,
      body: { currentPassword: password, newPassword },
    })
    t.is(changed.status, 200)
    const left = bodyOf(changed).accessToken as string
    t.deepEqual([await statusOf(given, 1), await statusOf(phone, 1), await statusOf(left, 1)], [401, 401, 200])
    t.is((await ask('POST', '/auth/login', { body: { email, password } })).status, 401)
  })

  test(`S59, S60: ${profile}: the cookie is as it should be, and opens nothing once a letter of it is another`, async (t) => {
    const { email, password } = await signUp()
    const answer = await ask('POST', '/auth/login', { body: { email, password } })
    const [set = ''] = answer.headers['set-cookie'] ?? []
    t.regex(set, /^__Host-sid=s%3A[\w-]{32}\.[^;]+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/)
    const cookie = cookieOf(answer)
    t.is((await ask('GET', '/auth/me', { headers: { cookie } })).status, 200)
    const start = cookie.indexOf('=') + 1
    for (let at = start; at < cookie.length; at++) {
      const other = cookie[at] === 'A' ? 'B' : 'A'
      const altered = cookie.slice(0, at) + other + cookie.slice(at + 1)
      const { status } = await ask('GET', '/auth/me', { headers: { cookie: altered } })
      t.is(status, 401, altered)
    }
  })
})
