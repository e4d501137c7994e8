import test from 'ava'
import { type ConnectStage, connectStage } from './support/connect-stage.ts'
import { createPeopleClient, type PeopleClient, tokenOf } from './support/people-client.ts'
import { onEachProfile } from './support/profiles.ts'

type Person = Awaited<ReturnType<PeopleClient['signUp']>>

/** The whole server: sessions are in PostgreSQL on the one profile, in Redis on the other. */
onEachProfile((profile) => {
  let stage: ConnectStage
  let client: PeopleClient
  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile, { PUBLIC_URL: 'https://inbox.example' })
    client = createPeopleClient(stage.url)
  })
  test.after.always(() => stage?.close())

  const linkTo = async ({ orgId, token }: Person, email: string) => {
    const body = { email, role: 'AGENT' }
    return tokenOf((await client.call('POST', `/orgs/${orgId}/invitations`, { token, body })).body.link)
  }
  const accept = (link: string, by: string, password?: string) => {
    const body = { token: link, ...(password !== undefined && { password }) }
    return client.call('POST', '/auth/invitations/accept', { token: by, body })
  }
  const moveTo = (orgId: string, token: string) => client.call('POST', '/auth/switch', { token, body: { orgId } })
  const tickets = (orgId: string, token: string) => client.call('GET', `/orgs/${orgId}/tickets`, { token })
  const logIn = async ({ email, password }: Person) =>
    (await client.call('POST', '/auth/login', { body: { email, password } })).body.accessToken as string
  /** Two organizations, and somebody of the second who is a member of the first, with a session that is in their own. */
  const membership = async () => {
    const [owner, member] = [await client.signUp(), await client.signUp()]
    const { body } = await accept(await linkTo(owner, member.email), member.token)
    const me = await client.call('GET', '/auth/me', { token: body.accessToken })
    const { accessToken } = (await moveTo(member.orgId, body.accessToken)).body
    return { owner, member, memberId: me.body.memberId as string, token: accessToken as string }
  }

  test(`${profile}: of twenty switches of one session at once, one session is left`, async (t) => {
    const { owner, token } = await membership()
    const answers = await Promise.all(Array.from({ length: 20 }, () => moveTo(owner.orgId, token)))
    t.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array.from({ length: 19 }, () => 401)])
    const left = answers.find(({ status }) => status === 200)?.body.accessToken
    t.is((await client.call('GET', '/auth/sessions', { token: left })).body.data.length, 1)
  })

  test(`${profile}: of fifty switches to where a session is already nothing changes, and the audit log has none`, async (t) => {
    const { orgId, token } = await client.signUp()
    const audit = () => client.call('GET', `/orgs/${orgId}/audit-log`, { token })
    const before = (await audit()).body
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => moveTo(at % 2 === 0 ? orgId : orgId.toUpperCase(), token)),
    )
    for (const answer of answers) t.like(answer, { status: 200, body: { accessToken: token, orgId } })
    t.deepEqual((await audit()).body, before)
    t.is((await client.call('GET', '/auth/sessions', { token })).body.data.length, 1)
  })

  test(`${profile}: whoever switches on and on is out once the other sessions are ended`, async (t) => {
    const { owner, member } = await membership()
    const [own, { orgId }] = [await logIn(member), owner]
    let token = await logIn(member)
    let isOut = false
    const switching = async () => {
      for (let count = 0; !isOut; count++) {
        const moved = await moveTo(count % 2 === 0 ? member.orgId : orgId, token)
        if (moved.status !== 200) return moved.status
        token = moved.body.accessToken
      }
      return 200
    }
    const loop = switching()
    t.is((await client.call('DELETE', '/auth/sessions', { token: own })).status, 204)
    const sessions = (await client.call('GET', '/auth/sessions', { token: own })).body.data
    isOut = true
    t.is(sessions.length, 1)
    await loop
    t.is((await client.call('GET', '/auth/me', { token })).status, 401)
  })

  test(`${profile}: a session that is elsewhere opens an organization no more that its person was signed out of`, async (t) => {
    const { owner, member, memberId, token } = await membership()
    t.is((await tickets(owner.orgId, token)).status, 200)
    const path = `/orgs/${owner.orgId}/members/${memberId}/sessions`
    t.is((await client.call('DELETE', path, { token: owner.token })).status, 204)
    for (const answer of [await tickets(owner.orgId, token), await moveTo(owner.orgId, token)])
      t.like(answer, { status: 401, body: { code: 'unauthenticated' } })
    t.is((await tickets(member.orgId, token)).status, 200)
    t.is((await tickets(owner.orgId, await logIn(member))).status, 200)
  })

  test(`${profile}: whoever was removed or disabled comes back with a password, not with a session from before`, async (t) => {
    const { owner, member, memberId, token } = await membership()
    const path = `/orgs/${owner.orgId}/members/${memberId}`
    const change = (disabled: boolean) => client.call('PATCH', path, { token: owner.token, body: { disabled } })
    await change(true)
    t.is((await change(false)).status, 200)
    t.is((await tickets(owner.orgId, token)).status, 401)
    t.is((await tickets(owner.orgId, await logIn(member))).status, 200)

    t.is((await client.call('DELETE', path, { token: owner.token })).status, 204)
    const link = await linkTo(owner, member.email)
    t.like(await accept(link, token), { status: 401, body: { code: 'unauthenticated' } })
    const back = await accept(link, token, member.password)
    t.is(back.status, 201)
    t.is((await tickets(owner.orgId, back.body.accessToken)).status, 200)
  })
})
