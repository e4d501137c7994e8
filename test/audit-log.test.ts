import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { AUDIT_ACTIONS, type AuditAction } from '../src/core/audit/audit-actions.ts'
import { type ConnectStage, connectStage } from './support/connect-stage.ts'
import { connect, signUp, ticketOf } from './support/inbox-client.ts'
import { createPeopleClient, type PeopleClient, tokenOf } from './support/people-client.ts'
import { planted } from './support/planted.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { ROOT } from './support/program.ts'

type Entry = Readonly<{
  id: string
  action: string
  actor: { type: string; id: string | null }
  resource: { type: string; id: string | null }
  requestId: string | null
  occurredAt: string
}>
type Page = Readonly<{ data: readonly Entry[]; page: { nextCursor: string | null }; code?: string }>
type Member = Readonly<{ email: string; password: string; token: string; memberId: string; orgId: string }>

const ACTIONS = Object.keys(AUDIT_ACTIONS) as readonly AuditAction[]

test('docs/people.md has the table of what can be in it', (t) => {
  const page = readFileSync(join(ROOT, 'docs/people.md'), 'utf8')
  const section = page.split('### What can be in it')[1]?.split(/\n#+ /)[0] ?? ''
  t.deepEqual(
    section.split('\n').filter((line) => line.startsWith('| `')),
    ACTIONS.map((action) => `| \`${action}\` | ${AUDIT_ACTIONS[action]} |`),
  )
})

test('what is written by SQL alone is in the table, and nothing is in the table that is written nowhere', (t) => {
  const sources = globSync('src/**/*.ts', { cwd: ROOT })
    .filter((file) => !file.endsWith('audit-actions.ts'))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
  const statements = sources.flatMap((source) =>
    [...source.matchAll(/insert into audit_log[^`;]*/g)].map(([all]) => all),
  )
  const bySql = statements.flatMap((one) => [...one.matchAll(/'([a-z-]+\.[a-z_-]+)'/g)].map(([, name = '']) => name))
  t.true(bySql.length > 2, bySql.join(', '))
  t.deepEqual(
    bySql.filter((name) => !(name in AUDIT_ACTIONS)),
    [],
  )
  const whole = sources.join('\n')
  // `member.made-${role}` is one of four.
  const isWritten = (action: string) =>
    whole.includes(`'${action}'`) || whole.includes(`\`${action.replace(/-[a-z]+$/, '-')}\${`)
  t.deepEqual(
    ACTIONS.filter((action) => !isWritten(action)),
    [],
  )
})

onEachProfile((profile) => {
  let stage: ConnectStage
  let client: PeopleClient
  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile)
    client = createPeopleClient(stage.url)
  })
  test.after.always(() => stage?.close())

  const log = (orgId: string, token: string, query = '') =>
    client.call('GET', `/orgs/${orgId}/audit-log?limit=100${query}`, { token })
  const actionsOf = async (orgId: string, token: string, query = '') =>
    (await log(orgId, token, query)).body.data.map(({ action }: Entry) => action) as string[]
  /** Somebody who joined by an invitation. */
  async function join(owner: { orgId: string; token: string }, role: string): Promise<Member> {
    const [email, password] = [client.newEmail(), planted('password')]
    const at = `/orgs/${owner.orgId}/invitations`
    const { body } = await client.call('POST', at, { token: owner.token, body: { email, role } })
    const given = { token: tokenOf(body.link), name: 'Kim', password }
    const joined = await client.call('POST', '/auth/invitations/accept', { body: given })
    const token = joined.body.accessToken
    const me = await client.call('GET', '/auth/me', { token })
    return { email, password, token, memberId: me.body.memberId, orgId: owner.orgId }
  }
  const signIn = (email: string, password: string) => client.call('POST', '/auth/login', { body: { email, password } })
  const memberIdOf = async (token: string) => (await client.call('GET', '/auth/me', { token })).body.memberId as string

  test(`S125: ${profile}: what people do with their sessions is in the log of the organization they are in, and in no other`, async (t) => {
    const [home, other] = [await client.signUp(), await client.signUp()]
    const { email, orgId, password } = home
    const memberId = await memberIdOf(home.token)
    // A person of both, who signs in to the first.
    const invited = { token: other.token, body: { email, role: 'AGENT' } }
    const { link } = (await client.call('POST', `/orgs/${other.orgId}/invitations`, invited)).body
    await client.call('POST', '/auth/invitations/accept', { token: home.token, body: { token: tokenOf(link) } })
    const watcher = await join({ orgId, token: (await signIn(email, password)).body.accessToken }, 'ADMIN')
    const seen = (query = '') => actionsOf(orgId, watcher.token, `&resourceId=${memberId}${query}`)
    const before = await seen()

    const { accessToken: token } = (await signIn(email, password)).body
    await signIn(email, 'not-the-password')
    await waitFor(async () => (await seen()).includes('sign-in.failed'))
    const again = { token, body: { password: 'not-the-password' } }
    t.is((await client.call('POST', '/auth/reauthenticate', again)).status, 401)
    await client.call('DELETE', '/auth/sessions', { token })
    const moved = await client.call('POST', '/auth/switch', { token, body: { orgId: other.orgId } })
    const newPassword = planted('password')
    const changed = await client.call('POST', '/auth/password', {
      ...{ token: moved.body.accessToken, body: { currentPassword: password, newPassword } },
    })
    t.is(changed.status, 200)
    await client.call('POST', '/auth/logout', { token: changed.body.accessToken })
    const last = (await signIn(email, newPassword)).body.accessToken
    await client.call('POST', '/auth/logout', { token: last })

    const [after, there] = [await seen(), await actionsOf(other.orgId, other.token)]
    t.deepEqual(after.slice(0, after.length - before.length), [
      'sign-out',
      'sign-in.succeeded',
      'password.changed',
      'session.ended',
      'reauthentication.failed',
      'sign-in.failed',
      'sign-in.succeeded',
    ])
    // The new password opens that one too, and there the session was signed out.
    t.deepEqual(
      there.filter((action) => !action.startsWith('invitation.')),
      ['sign-out', 'password.changed', 'organization.switched', 'member.joined', 'organization.created'],
    )
    const entries = (await log(orgId, watcher.token, '&action=sign-in.failed')).body.data as Entry[]
    t.like(entries[0], { actor: { type: 'SYSTEM', id: null }, resource: { type: 'member', id: memberId } })
  })

  test(`S125: ${profile}: roles, invitations, keys, channels, tickets and erasures are in it, with who asked and by which request`, async (t) => {
    const owner = await signUp(stage.url)
    const { orgId, accessToken: token } = owner
    const memberId = await memberIdOf(token)
    const agent = await join({ orgId, token }, 'AGENT')
    const at = `/members/${agent.memberId}`
    await owner.call('PATCH', at, { role: 'VIEWER' })
    await owner.call('PATCH', at, { disabled: true })
    await owner.call('PATCH', at, { disabled: false })
    await owner.call('DELETE', `${at}/sessions`)
    await owner.call('DELETE', at)
    const { id } = (await owner.call<{ id: string }>('POST', '/invitations', { email: 'x@example.com', role: 'ADMIN' }))
      .body
    await owner.call('DELETE', `/invitations/${id}`)
    const key = (
      await owner.call<{ key: { id: string } }>('POST', '/api-keys', { name: 'A', scopes: ['tickets:read'] })
    ).body
    await owner.call('DELETE', `/api-keys/${key.key.id}`)
    const { account, channel } = await connect(owner, stage.simulator)
    await owner.call('PATCH', `/channels/${channel.id}`, { name: 'Another' })
    await owner.call('POST', `/channels/${channel.id}/imports`)
    const who = stage.simulator.customer({ account })
    await stage.simulator.dm(who, 'Hello')
    const ticket = await ticketOf(owner, who)
    await owner.call('PATCH', `/tickets/${ticket.id}`, { status: 'RESOLVED' })
    await owner.call('POST', `/channels/${channel.id}/raw-events/replay`, { status: 'QUARANTINED' })
    await owner.call('POST', '/dead-letters/replay', {})
    await owner.call('DELETE', `/customers/${ticket.customerId}`)
    await owner.call('DELETE', `/channels/${channel.id}`)

    const wanted = [
      ...['organization.created', 'invitation.made-for-agent', 'member.joined', 'member.made-viewer'],
      ...['member.disabled', 'member.enabled', 'member.sessions-ended', 'member.removed'],
      ...['invitation.made-for-admin', 'invitation.revoked', 'api-key.created', 'api-key.revoked'],
      ...['channel.created', 'channel.updated', 'channel.import-started', 'ticket.set-resolved'],
      ...['raw-events.replayed', 'dead-letters.replayed', 'customer.erasure-requested', 'channel.disconnected'],
    ]
    const entries = (await log(orgId, token)).body.data as Entry[]
    const byOwner = entries.filter(({ actor }) => actor.id === memberId).map(({ action }) => action)
    t.deepEqual(
      wanted.filter((action) => !byOwner.includes(action)),
      ['member.joined'],
      'joining is the member’s own doing',
    )
    t.true(entries.some(({ action, actor }) => action === 'member.joined' && actor.id === agent.memberId))
    for (const { action, requestId } of entries)
      if (wanted.includes(action) && action !== 'organization.created')
        t.regex(requestId ?? '', /^[\w-]{8,64}$/, action)
  })

  test(`S125: ${profile}: what somebody is made, is asked to be and does with a ticket has a name each`, async (t) => {
    const owner = await signUp(stage.url)
    const { orgId, accessToken: token } = owner
    const agent = await join({ orgId, token }, 'AGENT')
    const last = async (id: string) => (await actionsOf(orgId, token, `&resourceId=${id}`))[0]
    for (const role of ['OWNER', 'ADMIN', 'AGENT', 'VIEWER']) {
      const name = role.toLowerCase()
      await owner.call('PATCH', `/members/${agent.memberId}`, { role })
      t.is(await last(agent.memberId), `member.made-${name}`)
      const { body } = await owner.call<{ id: string }>('POST', '/invitations', { email: `${name}@example.com`, role })
      t.is(await last(body.id), `invitation.made-for-${name}`)
    }
    const { account } = await connect(owner, stage.simulator)
    const who = stage.simulator.customer({ account })
    await stage.simulator.dm(who, 'Hello')
    const { id } = await ticketOf(owner, who)
    const rowsBefore = (await actionsOf(orgId, token, `&resourceId=${id}`)).length
    for (const [change, action] of [
      [{ status: 'PENDING' }, 'ticket.set-pending'],
      [{ status: 'SNOOZED' }, 'ticket.set-snoozed'],
      [{ status: 'RESOLVED' }, 'ticket.set-resolved'],
      [{ status: 'OPEN' }, 'ticket.set-open'],
      [{ assigneeId: agent.memberId }, 'ticket.assigned'],
      [{ assigneeId: null }, 'ticket.unassigned'],
    ] as const) {
      t.is((await owner.call('PATCH', `/tickets/${id}`, change)).status, 200)
      t.is(await last(id), action)
    }
    t.is((await actionsOf(orgId, token, `&resourceId=${id}`)).length, rowsBefore + 6)
  })

  test(`${profile}: the log is read newest first, page by page, by what was done, who did it, to what and when`, async (t) => {
    const owner = await signUp(stage.url)
    const { orgId, accessToken: token } = owner
    const memberId = await memberIdOf(token)
    const channels: string[] = []
    for (let count = 0; count < 3; count++) channels.push((await connect(owner, stage.simulator)).channel.id)
    await owner.call('PATCH', `/channels/${channels[0]}`, { name: 'Another' })
    const all = (await log(orgId, token)).body.data as Entry[]
    t.deepEqual(
      all.map(({ action }) => action),
      ['channel.updated', ...channels.map(() => 'channel.created'), 'organization.created'],
    )
    t.deepEqual(
      all.map(({ occurredAt }) => occurredAt),
      all
        .map(({ occurredAt }) => occurredAt)
        .toSorted()
        .toReversed(),
    )
    const paged: Entry[] = []
    for (let cursor = ''; ; ) {
      const { status, body } = await owner.call<Page>('GET', `/audit-log?limit=2&action=channel.created${cursor}`)
      t.is(status, 200)
      paged.push(...body.data)
      if (body.page.nextCursor === null) break
      cursor = `&cursor=${body.page.nextCursor}`
      t.is((await owner.call<Page>('GET', `/audit-log?limit=2${cursor}`)).body.code, 'cursor-mismatch')
    }
    t.deepEqual(
      paged.map(({ resource }) => resource.id),
      [...channels].reverse(),
    )
    const found = (query: string) => actionsOf(orgId, token, query)
    t.deepEqual(await found(`&resourceId=${channels[0]}`), ['channel.updated', 'channel.created'])
    t.is((await found('&resourceType=channel')).length, 4)
    t.is((await found(`&actorId=${memberId}`)).length, 5)
    t.deepEqual(await found(`&actorId=${channels[0]}`), [])
    const third = all[1]!.occurredAt
    t.deepEqual(
      await found(`&occurredAfter=${third}`),
      all.filter(({ occurredAt }) => occurredAt >= third).map(({ action }) => action),
    )
    t.deepEqual(
      await found(`&occurredBefore=${third}`),
      all.filter(({ occurredAt }) => occurredAt < third).map(({ action }) => action),
    )
  })

  test(`${profile}: owners and administrators read it, also by a key of theirs, and nobody else`, async (t) => {
    const owner = await client.signUp()
    const { orgId, token } = owner
    const stranger = await client.signUp()
    t.is((await log(orgId, stranger.token)).status, 404)
    for (const [role, status] of [
      ['ADMIN', 200],
      ['AGENT', 403],
      ['VIEWER', 403],
    ] as const)
      t.is((await log(orgId, (await join(owner, role)).token)).status, status, role)
    const key = async (body: object) =>
      (await client.call('POST', `/orgs/${orgId}/api-keys`, { token, body: { name: 'A watcher', ...body } })).body
        .secret
    t.is((await log(orgId, await key({ scopes: ['audit:read'] }))).status, 200)
    t.is((await log(orgId, await key({ scopes: ['events:read'] }))).status, 403)
  })

  const alive = async (token: string) => (await client.call('GET', '/auth/me', { token })).status === 200

  test(`${profile}: an administrator signs a member out of the organization, and of no other`, async (t) => {
    const owner = await client.signUp()
    const [admin, agent] = [await join(owner, 'ADMIN'), await join(owner, 'AGENT')]
    const elsewhere = await client.signUp()
    const invited = { token: elsewhere.token, body: { email: agent.email, role: 'AGENT' } }
    const { link } = (await client.call('POST', `/orgs/${elsewhere.orgId}/invitations`, invited)).body
    const given = { token: tokenOf(link), password: agent.password }
    const there = (await client.call('POST', '/auth/invitations/accept', { body: given })).body.accessToken
    const second = (await signIn(agent.email, agent.password)).body.accessToken
    const end = (memberId: string, token: string) =>
      client.call('DELETE', `/orgs/${owner.orgId}/members/${memberId}/sessions`, { token })
    const refused = async (t: ExecutionContext, memberId: string, token: string, status: number) =>
      t.is((await end(memberId, token)).status, status)
    await refused(t, agent.memberId, agent.token, 403)
    await refused(t, agent.memberId, elsewhere.token, 404)
    await refused(t, await memberIdOf(owner.token), admin.token, 403)
    await refused(t, await memberIdOf(elsewhere.token), admin.token, 404)
    t.true(await alive(agent.token))
    t.is((await end(agent.memberId, admin.token)).status, 204)
    t.deepEqual([await alive(agent.token), await alive(second), await alive(there)], [false, false, true])
    t.true(await alive(owner.token))
    t.is((await signIn(agent.email, agent.password)).status, 200, 'they are not kept out')
  })

  test(`${profile}: with a membership that is disabled or removed its sessions end`, async (t) => {
    const owner = await client.signUp()
    const at = (id: string) => `/orgs/${owner.orgId}/members/${id}`
    const [one, other] = [await join(owner, 'AGENT'), await join(owner, 'AGENT')]
    const { token } = owner
    const elsewhere = await client.signUp()
    /** How many sessions a person has, as they see them from another organization of theirs. */
    const seenBy = async ({ email, password }: Member) => {
      const invited = { token: elsewhere.token, body: { email, role: 'AGENT' } }
      const { link } = (await client.call('POST', `/orgs/${elsewhere.orgId}/invitations`, invited)).body
      const given = { token: tokenOf(link), password }
      const there = (await client.call('POST', '/auth/invitations/accept', { body: given })).body.accessToken
      return async () => (await client.call('GET', '/auth/sessions', { token: there })).body.data.length as number
    }
    const [ofOne, ofOther] = [await seenBy(one), await seenBy(other)]
    t.deepEqual([await ofOne(), await ofOther()], [2, 2])
    t.is((await client.call('PATCH', at(one.memberId), { token, body: { role: 'VIEWER' } })).status, 200)
    t.true(await alive(one.token), 'another role needs no new session')
    t.is((await client.call('PATCH', at(one.memberId), { token, body: { disabled: true } })).status, 200)
    t.is((await client.call('DELETE', at(other.memberId), { token })).status, 204)
    t.deepEqual([await alive(one.token), await alive(other.token), await alive(token)], [false, false, true])
    t.deepEqual([await ofOne(), await ofOther()], [1, 1], 'those from elsewhere go on')
  })
})
