import test, { type ExecutionContext } from 'ava'
import { type ConnectStage, connectStage } from './support/connect-stage.ts'
import { createPeopleClient, type PeopleClient, tokenOf } from './support/people-client.ts'
import { planted } from './support/planted.ts'
import { onEachProfile } from './support/profiles.ts'
import { onServer } from './support/template.ts'

type Owner = Awaited<ReturnType<PeopleClient['signUp']>>

const PUBLIC_URL = 'https://inbox.example'

onEachProfile((profile) => {
  let stage: ConnectStage
  let client: PeopleClient
  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile, { PUBLIC_URL })
    client = createPeopleClient(stage.url)
  })
  test.after.always(() => stage?.close())

  const rows = <T>(text: string, params: unknown[] = []) =>
    onServer(stage.db.admin, async (server) => (await server.query(text, params)).rows as T[])
  const invite = async (by: Owner, email: string, role = 'AGENT') => {
    const { status, body } = await client.call('POST', `/orgs/${by.orgId}/invitations`, {
      token: by.token,
      body: { email, role },
    })
    if (status !== 201) throw new Error(JSON.stringify(body))
    return { id: body.id as string, token: tokenOf(body.link), body }
  }
  const accept = (body: object, token?: string) =>
    client.call('POST', '/auth/invitations/accept', { body, ...(token === undefined ? {} : { token }) })
  const newcomer = () => ({ name: 'Ann Agent', password: planted('password') })
  const membersOf = async ({ orgId, token }: Owner) =>
    (await client.call('GET', `/orgs/${orgId}/members`, { token })).body.data as { email: string; role: string }[]
  const gone = (t: ExecutionContext, answer: { status: number; body: unknown }, message?: string) =>
    t.like(answer, { status: 410, body: { code: 'link-not-valid' } }, message)

  test(`${profile}: somebody new is invited, sees what for, joins with the role that was chosen, and is told of`, async (t) => {
    const owner = await client.signUp()
    const email = client.newEmail()
    const { body, token } = await invite(owner, email, 'ADMIN')
    t.like(body, { email, role: 'ADMIN', status: 'PENDING' })
    t.is(new Date(body.expiresAt).getTime() - new Date(body.createdAt).getTime(), 7 * 86_400_000)
    t.regex(token, /^[\w-]{43}$/)
    const shown = await client.call('POST', '/auth/invitations/show', { body: { token } })
    t.deepEqual(shown, { status: 200, body: { organization: 'Shop', email, hasAccount: false } })
    const listed = await client.call('GET', `/orgs/${owner.orgId}/invitations`, { token: owner.token })
    t.deepEqual(
      listed.body.data.map(({ id }: { id: string }) => id),
      [body.id],
    )
    t.false(JSON.stringify(listed.body).includes(token), 'the link is told once')

    const joined = await accept({ token, ...newcomer() })
    t.like(joined, { status: 201, body: { orgId: owner.orgId, user: { email, name: 'Ann Agent' } } })
    const me = await client.call('GET', '/auth/me', { token: joined.body.accessToken })
    t.like(me.body, { role: 'ADMIN', orgId: owner.orgId, user: { email } })
    t.deepEqual((await client.call('GET', `/orgs/${owner.orgId}/invitations`, { token: owner.token })).body.data, [])
    const events = await rows<{ type: string; resource_id: string }>(
      `select type, resource_id from event_log where org_id = $1 and resource_type = 'member'`,
      [owner.orgId],
    )
    t.deepEqual(events, [{ type: 'member.joined', resource_id: me.body.memberId }])
    const audited = await rows<{ action: string }>(
      `select action from audit_log where org_id = $1 and (action like 'invitation.%' or action like 'member.%') order by at, id`,
      [owner.orgId],
    )
    t.deepEqual(
      audited.map(({ action }) => action),
      ['invitation.made-for-admin', 'member.joined'],
    )
  })

  test(`S66: ${profile}: a common password, or one's own address, is named to whoever joins with it`, async (t) => {
    const owner = await client.signUp()
    const email = client.newEmail()
    for (const [address, password] of [
      [client.newEmail(), 'password123'],
      [email, email],
    ] as const) {
      const { token } = await invite(owner, address)
      t.like(await accept({ token, name: 'Ann Agent', password }), {
        status: 201,
        body: { warnings: ['weak-password'] },
      })
    }
    const { token } = await invite(owner, client.newEmail())
    t.like(await accept({ token, ...newcomer() }), { status: 201, body: { warnings: [] } })
  })

  test(`S69: ${profile}: a token that is used, too old, revoked, empty, cut, altered or nobody's opens nothing and changes nothing`, async (t) => {
    const owner = await client.signUp()
    const [used, old, revoked, whole] = await Promise.all([1, 2, 3, 4].map(() => invite(owner, client.newEmail())))
    t.is((await accept({ token: used!.token, ...newcomer() })).status, 201)
    await rows(`update invitations set expires_at = now() - interval '1 second' where id = $1`, [old!.id])
    t.is(
      (await client.call('DELETE', `/orgs/${owner.orgId}/invitations/${revoked!.id}`, { token: owner.token })).status,
      204,
    )
    const before = await membersOf(owner)
    const { token } = whole!
    const other = token.at(0) === 'A' ? 'B' : 'A'
    for (const [what, wrong] of Object.entries({
      ...{ used: used!.token, old: old!.token, revoked: revoked!.token, empty: '', blank: ' ', null: 'null' },
      ...{ undefined: 'undefined', cut: token.slice(0, -1), longer: `${token}A`, altered: other + token.slice(1) },
      ...{ 'of another case': token.toUpperCase(), wildcard: '%', 'a hash of it': 'a'.repeat(64) },
    })) {
      gone(t, await client.call('POST', '/auth/invitations/show', { body: { token: wrong } }), what)
      gone(t, await accept({ token: wrong, ...newcomer() }), what)
      gone(t, await accept({ token: wrong }, owner.token), what)
    }
    for (const nothing of [{}, { token: null }, { token: 7 }, { token: [token] }, { token: { $ne: '' } }]) {
      t.is((await accept({ ...nothing, ...newcomer() })).status, 400)
    }
    t.deepEqual(await membersOf(owner), before)
    const invited = [old, revoked, whole].map((one) => one!.body.email)
    t.deepEqual(await rows('select id from users where email = any($1)', [invited]), [])
    const list = await client.call('GET', `/orgs/${owner.orgId}/invitations`, { token: owner.token })
    t.deepEqual(list.body.data.map(({ status }: { status: string }) => status).toSorted(), ['EXPIRED', 'PENDING'])
    t.is((await accept({ token, ...newcomer() })).status, 201, 'the one that was altered is still good')
  })

  test(`S69, S129: ${profile}: of twenty who come with one token at once, one joins`, async (t) => {
    const owner = await client.signUp()
    const { token } = await invite(owner, client.newEmail())
    const answers = await Promise.all(Array.from({ length: 20 }, () => accept({ token, ...newcomer() })))
    t.is(answers.filter(({ status }) => status === 201).length, 1)
    for (const { status } of answers) t.true([201, 401, 409, 410, 429].includes(status), String(status))
    t.is((await membersOf(owner)).length, 2)
  })

  test(`S70: ${profile}: tokens are kept as hashes, and an older link dies with a newer one, made either way`, async (t) => {
    const owner = await client.signUp()
    const email = client.newEmail()
    const first = await invite(owner, email)
    const second = await invite(owner, email.toUpperCase(), 'VIEWER')
    t.is(second.id, first.id, 'one for an address')
    gone(t, await accept({ token: first.token, ...newcomer() }))
    const renewed = await client.call('POST', `/orgs/${owner.orgId}/invitations/${second.id}/link`, {
      token: owner.token,
    })
    t.is(renewed.status, 200)
    gone(t, await accept({ token: second.token, ...newcomer() }))
    const token = tokenOf(renewed.body.link)
    const dump = JSON.stringify(await rows('select * from invitations'))
    for (const each of [first.token, second.token, token]) t.false(dump.includes(each))
    const joined = await accept({ token, ...newcomer() })
    t.is((await client.call('GET', '/auth/me', { token: joined.body.accessToken })).body.role, 'VIEWER')
  })

  test(`S71: ${profile}: another address, role or organization in the body is refused, and the invitation stays`, async (t) => {
    const [owner, other] = [await client.signUp(), await client.signUp()]
    const { token } = await invite(owner, client.newEmail(), 'VIEWER')
    for (const more of [
      { email: 'mallory@example.com' },
      { role: 'OWNER' },
      { orgId: other.orgId },
      { memberId: other.userId },
      { userId: other.userId },
      { permissions: ['ops:manage'] },
    ]) {
      const answer = await accept({ token, ...newcomer(), ...more })
      t.like(answer, { status: 400, body: { code: 'invalid-request' } }, JSON.stringify(more))
    }
    t.is((await membersOf(owner)).length, 1)
    t.is((await membersOf(other)).length, 1)
    t.is((await accept({ token, ...newcomer() })).status, 201)
  })

  test(`S72: ${profile}: somebody who is there joins as themselves, by session or password, and their password stays`, async (t) => {
    const [owner, ann, ben, eve] = await Promise.all([1, 2, 3, 4].map(() => client.signUp()))
    const [forAnn, forBen] = [await invite(owner!, ann!.email.toUpperCase()), await invite(owner!, ben!.email)]
    const wrong = { token: forAnn.token, ...newcomer() }
    t.like(await accept(wrong), { status: 401, body: { code: 'invalid-credentials' } })
    t.like(await accept(wrong, eve!.token), { status: 401, body: { code: 'invalid-credentials' } })
    t.like(await accept({ token: forAnn.token }, eve!.token), { status: 401, body: { code: 'unauthenticated' } })
    t.like(await accept({ token: forAnn.token }), { status: 401, body: { code: 'unauthenticated' } })
    t.is((await membersOf(owner!)).length, 1)

    const byPassword = await accept({ token: forAnn.token, name: 'Another Name', password: ann!.password })
    t.like(byPassword, { status: 201, body: { user: { id: ann!.userId, name: 'Sam' } } })
    const bySession = await accept({ token: forBen.token, password: 'not the password of ben' }, ben!.token)
    t.like(bySession, { status: 201, body: { user: { id: ben!.userId }, orgId: owner!.orgId } })
    t.is((await client.call('GET', '/auth/me', { token: ben!.token })).status, 401, 'its id is another')
    for (const { email, password } of [ann!, ben!]) {
      t.is((await client.call('POST', '/auth/login', { body: { email, password } })).status, 200)
    }
    const me = await client.call('GET', '/auth/me', { token: bySession.body.accessToken })
    t.like(me.body, { orgId: owner!.orgId, role: 'AGENT', user: { email: ben!.email } })
    t.is((await membersOf(owner!)).length, 3)
  })

  test(`${profile}: a session that moves with an invitation is no younger than it was`, async (t) => {
    const [owner, ann] = [await client.signUp(), await client.signUp()]
    const { token } = await invite(owner, ann.email)
    const before = (await client.call('GET', '/auth/sessions', { token: ann.token })).body.data[0]
    const { body } = await accept({ token }, ann.token)
    const after = (await client.call('GET', '/auth/sessions', { token: body.accessToken })).body.data[0]
    t.not(body.accessToken, ann.token)
    t.is(after.id, before.id, 'its person knows it by the same name')
    t.deepEqual([after.startedAt, after.expiresAt], [before.startedAt, before.expiresAt])
  })

  test(`S26: ${profile}: nobody invites above themselves, and what somebody gave counts while they could give it`, async (t) => {
    const owner = await client.signUp()
    const as = async (role: string): Promise<Owner> => {
      const { token } = await invite(owner, client.newEmail(), role)
      const { accessToken, user } = (await accept({ token, ...newcomer() })).body
      return { ...owner, token: accessToken, userId: user.id }
    }
    const [admin, second, agent] = [await as('ADMIN'), await as('OWNER'), await as('AGENT')]
    const path = `/orgs/${owner.orgId}/invitations`
    const ask = (by: Owner, method: string, at: string, body?: object) =>
      client.call(method, `${path}${at}`, { token: by.token, ...(body && { body }) })
    t.like(await ask(agent, 'POST', '', { email: client.newEmail(), role: 'VIEWER' }), { status: 403 })
    t.like(await ask(admin, 'POST', '', { email: client.newEmail(), role: 'OWNER' }), { status: 403 })
    const email = client.newEmail()
    const forOwner = await invite(second, email, 'OWNER')
    t.like(await ask(admin, 'POST', '', { email, role: 'AGENT' }), { status: 403 }, 'nor in the place of such a one')
    t.like(await ask(admin, 'POST', `/${forOwner.id}/link`), { status: 403 })
    t.like(await ask(admin, 'DELETE', `/${forOwner.id}`), { status: 403 })
    t.is((await client.call('POST', '/auth/invitations/show', { body: { token: forOwner.token } })).status, 200)

    const memberId = (await client.call('GET', '/auth/me', { token: second.token })).body.memberId
    const lowered = await client.call('PATCH', `/orgs/${owner.orgId}/members/${memberId}`, {
      token: owner.token,
      body: { role: 'ADMIN' },
    })
    t.is(lowered.status, 200)
    gone(t, await accept({ token: forOwner.token, ...newcomer() }), 'who gave it is no owner any more')
  })

  test(`${profile}: a member is not invited again, disabled or not; who was removed is, and is the same member`, async (t) => {
    const owner = await client.signUp()
    const email = client.newEmail()
    const person = newcomer()
    await accept({ token: (await invite(owner, email)).token, ...person })
    const { id } = (await client.call('GET', `/orgs/${owner.orgId}/members?role=AGENT`, owner)).body.data[0]
    const at = `/orgs/${owner.orgId}/members/${id}`
    const again = () =>
      client.call('POST', `/orgs/${owner.orgId}/invitations`, { token: owner.token, body: { email, role: 'VIEWER' } })
    t.like(await again(), { status: 409, body: { code: 'already-member' } })
    await client.call('PATCH', at, { token: owner.token, body: { disabled: true } })
    t.like(await again(), { status: 409, body: { code: 'already-member' } })
    await client.call('DELETE', at, { token: owner.token })
    const { body } = await again()
    const joined = await accept({ token: tokenOf(body.link), password: person.password })
    t.is(joined.status, 201)
    const me = await client.call('GET', '/auth/me', { token: joined.body.accessToken })
    t.like(me.body, { memberId: id, role: 'VIEWER' })
  })

  test(`S54: ${profile}: inviting answers the same for an address that somebody has here and for one that nobody has`, async (t) => {
    const [owner, known] = [await client.signUp(), await client.signUp()]
    const formOf = ({ body, id, token }: Awaited<ReturnType<typeof invite>>) =>
      JSON.stringify(body)
        .replace(body.email, '…')
        .replace(id, '…')
        .replace(token, '…')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…')
    t.is(formOf(await invite(owner, known.email)), formOf(await invite(owner, client.newEmail())))
  })

  test(`S73: ${profile}: links carry the configured address, whatever host the request names`, async (t) => {
    const owner = await client.signUp()
    const evil = { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
    const { status, body } = await client.callAs(
      { ...evil, authorization: `Bearer ${owner.token}` },
      `/orgs/${owner.orgId}/invitations`,
      { email: client.newEmail(), role: 'AGENT' },
    )
    t.is(status, 201)
    t.true(body.link.startsWith(`${PUBLIC_URL}/invitation#`))
    t.false(JSON.stringify(body).includes('evil.example'))
  })

  test(`S74: ${profile}: who signed up with another person's address first finds nothing open when that person is invited`, async (t) => {
    const owner = await client.signUp()
    const mallory = await client.signUp()
    const { token } = await invite(owner, mallory.email)
    const before = await client.call('GET', '/auth/me', { token: mallory.token })
    t.is(before.body.orgId, mallory.orgId)
    t.is((await client.call('GET', `/orgs/${owner.orgId}/members`, { token: mallory.token })).status, 404)
    const { email, password } = mallory
    t.is((await client.call('POST', '/auth/login', { body: { email, password } })).body.orgId, mallory.orgId)
    t.like(
      await accept({ token, ...newcomer() }),
      { status: 401 },
      'nor does the person take over what is there unseen',
    )
    t.is((await membersOf(owner)).length, 1)
  })

  test(`${profile}: thirty invitations in ten minutes, and then there is to be waited`, async (t) => {
    const owner = await client.signUp()
    for (let count = 0; count < 30; count++) await invite(owner, client.newEmail())
    const next = await client.call('POST', `/orgs/${owner.orgId}/invitations`, {
      token: owner.token,
      body: { email: client.newEmail(), role: 'AGENT' },
    })
    t.like(next, { status: 429, body: { code: 'rate-limited' } })
  })
})
