import test from 'ava'
import { createAccountDirectory } from '../../../src/adapters/persistence/account-directory.ts'
import { createSessionRecords } from '../../../src/adapters/persistence/session-store.ts'
import { inOrganization, type Orm } from '../../../src/adapters/persistence/transaction.ts'
import { DomainError, NotFound } from '../../../src/core/errors.ts'
import type { MemberId, OrgId, UserId } from '../../../src/core/ids.ts'
import { SignUpDisabled } from '../../../src/core/organization/sign-up.ts'
import type { AccountDirectory } from '../../../src/ports/account-directory.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { ids, seedOrganization } from '../../support/seed.ts'
import { onServer } from '../../support/template.ts'

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let accounts: AccountDirectory
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm()
    accounts = createAccountDirectory({ orm })
  })
  test.after.always(() => db.close())

  const now = new Date('2026-03-04T05:06:07.089Z')
  const account = (email: string) => ({
    org: { id: ids.next() as OrgId, name: 'Acme' },
    user: { id: ids.next() as UserId, email, name: 'Ann', passwordHash: `hash of ${email}` },
    memberId: ids.next() as MemberId,
    onlyIfFirst: false,
    now,
  })
  const member = (orgId: OrgId, email: string, role: 'AGENT' | 'ADMIN' = 'AGENT') => ({
    orgId,
    email,
    role,
    memberId: ids.next() as MemberId,
    userId: ids.next() as UserId,
    name: 'Mel',
    passwordHash: 'another hash',
    now,
  })

  const passwordChange = (passwordHash: string, at = now) => ({
    passwordHash,
    now: at,
    audit: { id: ids.next(), action: 'password.changed', requestId: 'a-request' } as const,
  })

  test(`${profile}: signing up makes organization, user, owner and counters`, async (t) => {
    const made = account('Ann@Example.com')
    const { user, org } = await accounts.create(made)
    t.deepEqual(user, { id: made.user.id, email: 'Ann@Example.com', name: 'Ann', createdAt: now })
    t.deepEqual(org, { id: made.org.id, name: 'Acme', createdAt: now })
    t.deepEqual(await accounts.credentials('ann@example.COM'), {
      userId: user.id,
      passwordHash: made.user.passwordHash,
    })
    t.deepEqual(await accounts.user(user.id), user)
    const membership = { org, memberId: made.memberId, role: 'OWNER', active: true, sessionsSince: null } as const
    t.deepEqual(await accounts.memberships(user.id), [membership])
    t.deepEqual(await accounts.membership(org.id, user.id), membership)
    const counters = await inOrganization(orm, org.id, (tx) =>
      tx.rows('select last_number, last_seq from ticket_counters join event_counters using (org_id)'),
    )
    t.deepEqual(counters, [{ last_number: '0', last_seq: '0' }])
    t.true((await accounts.countOrganizations()) >= 1)
  })

  test(`${profile}: an e-mail address signs up once, whatever its case, and a refusal leaves nothing behind`, async (t) => {
    await accounts.create(account('once@example.com'))
    const again = account('ONCE@example.com')
    const error = await t.throwsAsync(accounts.create(again), { instanceOf: DomainError })
    t.is(error?.code, 'email-taken')
    t.is(await accounts.membership(again.org.id, again.user.id), null)
    const race = await Promise.allSettled([1, 2, 3].map(() => accounts.create(account('race@example.com'))))
    t.is(race.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  test(`${profile}: of several who would be the first one is, and nothing of the others is left`, async (t) => {
    const empty = await testDatabase(profile)
    t.teardown(() => empty.close())
    const directory = createAccountDirectory({ orm: empty.orm() })
    const people = [1, 2, 3, 4].map((n) => ({ ...account(`first-${n}@example.com`), onlyIfFirst: true }))
    const race = await Promise.allSettled(people.map((one) => directory.create(one)))
    t.is(race.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const one of race) if (one.status === 'rejected') t.like(one.reason, { code: 'signup-disabled' })
    t.is(await directory.countOrganizations(), 1)
    const known = await Promise.all(people.map(({ user }) => directory.credentials(user.email)))
    t.is(known.filter((one) => one !== null).length, 1)
    await t.throwsAsync(directory.create({ ...account('late@example.com'), onlyIfFirst: true }), {
      instanceOf: SignUpDisabled,
    })
    await directory.create(account('invited@example.com'))
    t.is(await directory.countOrganizations(), 2)
  })

  test(`${profile}: what is unknown or odd is null`, async (t) => {
    const { orgId } = await seedOrganization(orm)
    t.is(await accounts.credentials('nobody@example.com'), null)
    t.is(await accounts.user('nonsense' as UserId), null)
    t.is(await accounts.user(ids.next() as UserId), null)
    t.deepEqual(await accounts.memberships('nonsense' as UserId), [])
    t.is(await accounts.membership('nonsense' as OrgId, ids.next() as UserId), null)
    t.is(await accounts.membership(orgId, ids.next() as UserId), null)
    t.false(await accounts.setPassword('nobody@example.com', passwordChange('x')))
    t.is(await accounts.sessionsSince('nonsense' as UserId), null)
    t.is(await accounts.sessionsSince(ids.next() as UserId), null)
  })

  test(`${profile}: a member is added with a new user or the one of that address, and again after leaving`, async (t) => {
    const [one, two] = [await seedOrganization(orm), await seedOrganization(orm)]
    const made = await accounts.addMember(member(one.orgId, 'mel@example.com'))
    const same = await accounts.addMember(member(two.orgId, 'MEL@example.com', 'ADMIN'))
    t.is(same.id, made.id)
    t.deepEqual(
      (await accounts.memberships(made.id)).map(({ org, role }) => [org.id, role]),
      [
        [one.orgId, 'AGENT'],
        [two.orgId, 'ADMIN'],
      ],
    )

    await inOrganization(orm, one.orgId, (tx) =>
      tx.affected('update memberships set active = false where user_id = $1', [made.id]),
    )
    t.deepEqual(
      (await accounts.memberships(made.id)).map(({ org }) => org.id),
      [two.orgId],
    )
    t.is((await accounts.membership(one.orgId, made.id))?.active, false)
    await accounts.addMember(member(one.orgId, 'mel@example.com', 'ADMIN'))
    t.like(await accounts.membership(one.orgId, made.id), { active: true, role: 'ADMIN' })
    for (const orgId of [ids.next(), 'nonsense'] as OrgId[]) {
      await t.throwsAsync(accounts.addMember(member(orgId, `to-${orgId}@example.com`)), { instanceOf: NotFound })
      t.is(await accounts.credentials(`to-${orgId}@example.com`), null)
    }
  })

  test(`${profile}: a new password ends the person's sessions, and only theirs`, async (t) => {
    const sessions = createSessionRecords({ pool: db.systemPool() })
    const [ann, bob] = [await seedOrganization(orm), await seedOrganization(orm)]
    const later = new Date(Date.now() + 60_000)
    await sessions.set('of-ann', { n: 1 }, later, ann.userId)
    await sessions.set('of-bob', { n: 2 }, later, bob.userId)
    const now = new Date('2026-11-24T10:00:00.123Z')
    t.true(await accounts.setPassword(ann.email.toUpperCase(), passwordChange('new hash', now)))
    t.is((await accounts.credentials(ann.email))?.passwordHash, 'new hash')
    t.is(await sessions.get('of-ann'), null)
    t.deepEqual((await sessions.get('of-bob'))?.data, { n: 2 })
    t.deepEqual(await accounts.sessionsSince(ann.userId), now)
    t.is(await accounts.sessionsSince(bob.userId), null)
    const noted = await onServer(
      db.admin,
      async (server) =>
        (
          await server.query(
            `select org_id, actor_type, action, resource_type, request_id from audit_log where resource_id = $1`,
            [ann.userId],
          )
        ).rows,
    )
    t.deepEqual(noted, [
      {
        org_id: null,
        actor_type: 'PERSON',
        action: 'password.changed',
        resource_type: 'person',
        request_id: 'a-request',
      },
    ])
  })

  test(`S125: ${profile}: each organization of a person has that they have a new password, who made a member, and nothing of others`, async (t) => {
    const [one, two, other] = [await seedOrganization(orm), await seedOrganization(orm), await seedOrganization(orm)]
    const made = await accounts.addMember(member(one.orgId, 'both@example.com'))
    await accounts.addMember(member(two.orgId, 'both@example.com', 'ADMIN'))
    const change = passwordChange('new hash', new Date())
    await accounts.setPassword('both@example.com', change)
    const byOperator = { ...change.audit, id: ids.next(), action: 'password.set-by-operator' } as const
    await accounts.setPassword('both@example.com', { ...change, audit: byOperator })
    const noted = (orgId: OrgId) =>
      inOrganization(orm, orgId, (tx) =>
        tx.rows<{ actor_type: string; actor_id: string | null; action: string; resource_id: string }>(
          "select actor_type, actor_id, action, resource_id from audit_log where action <> 'organization.created' order by at, action",
        ),
      )
    for (const { orgId, role } of [
      { ...one, role: 'agent' },
      { ...two, role: 'admin' },
    ]) {
      const { memberId } = (await accounts.membership(orgId, made.id))!
      const about = { resource_id: memberId as string }
      t.deepEqual(await noted(orgId), [
        { actor_type: 'SYSTEM', actor_id: null, action: `member.added-as-${role}`, ...about },
        { actor_type: 'MEMBER', actor_id: memberId, action: 'password.changed', ...about },
        { actor_type: 'SYSTEM', actor_id: null, action: 'password.set-by-operator', ...about },
      ])
    }
    t.deepEqual(await noted(other.orgId), [])
  })

  test(`${profile}: sessions are kept, replaced and ended, and are over when they have expired`, async (t) => {
    const sessions = createSessionRecords({ pool: db.systemPool() })
    const inMs = (ms: number) => new Date(Date.now() + ms)
    t.is(await sessions.get('unknown'), null)
    await sessions.set('kept', { cookie: { a: [1] } }, inMs(60_000), null)
    await sessions.set('kept', { cookie: { a: [2] } }, inMs(60_000), null)
    t.deepEqual((await sessions.get('kept'))?.data, { cookie: { a: [2] } })
    await sessions.set('old', {}, inMs(-1), null)
    t.is(await sessions.get('old'), null, 'expired, though still stored')
    await sessions.destroy('kept')
    await sessions.destroy('kept')
    t.is(await sessions.get('kept'), null)
  })
})
