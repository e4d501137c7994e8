import test from 'ava'
import * as fc from 'fast-check'
import { createAccountDirectory } from '../src/adapters/persistence/account-directory.ts'
import { actingMember } from '../src/core/actor.ts'
import type { InvitationId, MemberId, OrgId, UserId } from '../src/core/ids.ts'
import { OrganizationLimitReached } from '../src/core/organization/organization-limits.ts'
import { connectStage } from './support/connect-stage.ts'
import { type CoreOnDatabase, coreOn, type Inbox, seedInbox } from './support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from './support/database.ts'
import { signUp } from './support/inbox-client.ts'
import { ids, seedMember, seedOrganization } from './support/seed.ts'
import { onServer } from './support/template.ts'

const AT_ONCE = 12

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const refused = (results: readonly PromiseSettledResult<unknown>[]) =>
    results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))

  test(`S129: ${profile}: of many who make one at once exactly as many succeed as there is room for`, async (t) => {
    const on = coreOn(db, { organizationLimits: { channels: 5, 'api-keys': 4 }, poolSize: AT_ONCE })
    const [inbox, other] = [await seedInbox(on.orm), await seedInbox(on.orm)]
    const channel = ({ actor }: Inbox, at: number) =>
      on.core.createChannel(actor, {
        type: 'INSTAGRAM',
        name: `Channel ${at}`,
        config: { account: `${actor.orgId} ${at}` },
      })
    const key = ({ actor }: Inbox) =>
      on.core.createApiKey(actor, {
        ...{ name: 'A program', scopes: ['tickets:read'], channelIds: null, allowedCidrs: null, expiresAt: null },
      })
    const channels = await Promise.allSettled(Array.from({ length: AT_ONCE }, (_, at) => channel(inbox, at)))
    // One was there.
    t.is(refused(channels).length, AT_ONCE - 4)
    for (const error of refused(channels)) {
      t.true(error instanceof OrganizationLimitReached)
      t.like(error, { code: 'organization-limit-reached', extra: { limited: 'channels', limit: 5 } })
    }
    const keys = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => key(inbox)))
    t.is(refused(keys).length, AT_ONCE - 4)
    t.true(refused(keys).every((error) => error instanceof OrganizationLimitReached))

    await channel(other, 100)
    await key(other)
    await on.core.disconnectChannel(inbox.actor, inbox.channelId)
    await channel(inbox, 100)
    await t.throwsAsync(channel(inbox, 101), { instanceOf: OrganizationLimitReached })
    const made = keys.flatMap((result) => (result.status === 'fulfilled' ? [result.value.key.id] : []))
    await on.core.revokeApiKey(inbox.actor, made[0]!)
    await key(inbox)
    await t.throwsAsync(key(inbox), { instanceOf: OrganizationLimitReached })
  })

  type Person = Readonly<{ userId: UserId; email: string }>
  type Step = Readonly<{ what: 'invite' | 'accept' | 'renew' | 'revoke' | 'remove' | 'add'; whom: number }>

  /** What people of one organization do about who belongs to it, in any company; what cannot be done just fails. */
  async function take(
    on: CoreOnDatabase,
    orgId: OrgId,
    owner: MemberId,
    people: readonly Person[],
    { what, whom }: Step,
  ) {
    const { userId, email } = people[whom % people.length]!
    const actor = actingMember({ orgId, memberId: owner, userId, role: 'OWNER', requestId: 'a-test' })
    const open = await onServer(db.admin, (server) =>
      server.query<{ id: InvitationId }>('select id from invitations where org_id = $1 and lower(email) = lower($2)', [
        orgId,
        email,
      ]),
    )
    const invitation = open.rows[0]?.id ?? (ids.next() as InvitationId)
    if (what === 'invite') return on.core.invite(actor, { email, role: 'AGENT' })
    if (what === 'renew') return on.core.renewInvitation(actor, invitation)
    if (what === 'revoke') return on.core.revokeInvitation(actor, invitation)
    if (what === 'remove') {
      const member = await createAccountDirectory({ orm: on.orm }).membership(orgId, userId)
      return on.core.removeMember(actor, member?.memberId ?? (ids.next() as MemberId), { reassignTo: null })
    }
    const { link } = await on.core.invite(actor, { email, role: 'AGENT' })
    return on.core.acceptInvitation({
      token: link.split('#')[1] ?? '',
      joining: { personId: userId },
      requestId: 'a-test',
    })
  }

  const countOf = async (orgId: OrgId) => {
    const { rows } = await onServer(db.admin, (server) =>
      server.query<{ members: number; open: number }>(
        `select (select count(*)::int from memberships where org_id = $1 and (active or removed_at is null)) as members,
           (select count(*)::int from invitations where org_id = $1 and expires_at > now()) as open`,
        [orgId],
      ),
    )
    return rows[0]!
  }

  test(`S129: ${profile}: whatever people do at once, members and open invitations are never more than may be, and places that are given up are free`, async (t) => {
    t.timeout(120_000)
    const MOST = 4
    const on = coreOn(db, { organizationLimits: { members: MOST }, poolSize: 8 })
    const people = await Promise.all(
      Array.from({ length: 8 }, async (): Promise<Person> => {
        const { userId, email } = await seedOrganization(on.orm)
        return { userId, email }
      }),
    )
    const step = fc.record({
      what: fc.constantFrom<Step['what'][]>('invite', 'invite', 'add', 'add', 'accept', 'renew', 'revoke', 'remove'),
      whom: fc.nat(7),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        async (rounds) => {
          const { orgId, memberId } = await seedOrganization(on.orm)
          for (const round of rounds) {
            const results = await Promise.allSettled(round.map((one) => take(on, orgId, memberId, people, one)))
            for (const error of refused(results))
              if (
                !(
                  error instanceof Error &&
                  'code' in error &&
                  typeof error.code === 'string' &&
                  /^[a-z-]+$/.test(error.code)
                )
              )
                throw error
            const { members, open } = await countOf(orgId)
            if (members + open > MOST) throw new Error(`${members} members and ${open} open invitations`)
          }
          // What is left can be taken to the last place, and no further.
          const { members, open } = await countOf(orgId)
          const actor = actingMember({ orgId, memberId, userId: people[0]!.userId, role: 'OWNER', requestId: 'a-test' })
          const more = await Promise.allSettled(
            Array.from({ length: 6 }, (_, at) =>
              on.core.invite(actor, { email: `new-${at}@example.com`, role: 'AGENT' }),
            ),
          )
          for (const error of refused(more)) if (!(error instanceof OrganizationLimitReached)) throw error
          const taken = more.length - refused(more).length
          if (taken !== MOST - members - open) throw new Error(`${taken} places taken of ${MOST - members - open}`)
        },
      ),
      { numRuns: 25, includeErrorInReport: true },
    )
    t.pass()
  })

  test(`${profile}: an invitation that ended frees its place, and takes one again with another link; who was let in before counts after the limit went down`, async (t) => {
    let at = new Date()
    const clock = { now: () => at, monotonicMs: () => 0 }
    const on = coreOn(db, { organizationLimits: { members: 3 }, clock })
    const inbox = await seedInbox(on.orm)
    await seedMember(on.orm, inbox.orgId)
    const invite = (email: string) => on.core.invite(inbox.actor, { email, role: 'AGENT' })
    const first = await invite('first@example.com')
    await t.throwsAsync(invite('second@example.com'), { instanceOf: OrganizationLimitReached })
    await invite('First@Example.com')
    at = new Date(at.getTime() + 8 * 24 * 3_600_000)
    const second = await seedOrganization(on.orm)
    const { link } = await invite(second.email)
    await t.throwsAsync(on.core.renewInvitation(inbox.actor, first.id), { instanceOf: OrganizationLimitReached })

    const fewer = coreOn(db, { organizationLimits: { members: 2 }, clock })
    const accept = (of: CoreOnDatabase) =>
      of.core.acceptInvitation({
        token: link.split('#')[1] ?? '',
        joining: { personId: second.userId },
        requestId: 'a-test',
      })
    await t.throwsAsync(accept(fewer), { instanceOf: OrganizationLimitReached })
    t.is((await accept(on)).org.id, inbox.orgId, 'the link is as good as before')
  })

  test(`${profile}: over HTTP it is 409 with how many there may be`, async (t) => {
    t.timeout(60_000)
    const stage = await connectStage(profile, {
      ...{ MAX_CHANNELS_PER_ORGANIZATION: '3', MAX_MEMBERS_PER_ORGANIZATION: '3', MAX_API_KEYS_PER_ORGANIZATION: '2' },
    })
    try {
      const { call } = await signUp(stage.url)
      const many = <T>(path: string, body: (at: number) => object) =>
        Promise.all(Array.from({ length: AT_ONCE }, (_, at) => call<T>('POST', path, body(at))))
      const checkOf = (
        answers: readonly { status: number; body: object }[],
        limited: string,
        limit: number,
        room: number,
      ) => {
        t.is(answers.filter(({ status }) => status === 201).length, room, limited)
        for (const answer of answers.filter(({ status }) => status !== 201))
          t.like(answer, {
            status: 409,
            body: { code: 'organization-limit-reached', retryable: false, limited, limit },
          })
      }
      const config = { secret: 'planted-secret-of-a-channel' }
      const channels = await many<{ id: string }>('/channels', (at) => ({ type: 'API', name: `Channel ${at}`, config }))
      checkOf(channels, 'channels', 3, 3)
      checkOf(
        await many('/invitations', (at) => ({ email: `somebody-${at}@example.com`, role: 'AGENT' })),
        'members',
        3,
        2,
      )
      checkOf(await many('/api-keys', () => ({ name: 'A program', scopes: ['tickets:read'] })), 'api-keys', 2, 2)
      const one = channels.find(({ status }) => status === 201)
      t.is((await call('DELETE', `/channels/${one?.body.id}`)).status, 204)
      t.is((await call('POST', '/channels', { type: 'API', name: 'Another', config })).status, 201)
    } finally {
      await stage.close()
    }
  })
})
