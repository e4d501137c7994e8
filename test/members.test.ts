import test, { type ExecutionContext } from 'ava'
import { createAccountDirectory } from '../src/adapters/persistence/account-directory.ts'
import { inOrganization } from '../src/adapters/persistence/transaction.ts'
import { type Actor, actingMember, type Role } from '../src/core/actor.ts'
import { DomainError } from '../src/core/errors.ts'
import type { MemberId, UserId } from '../src/core/ids.ts'
import { type CoreOnDatabase, coreOn, type Inbox, seedInbox } from './support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from './support/database.ts'
import { aNetwork, reply, startTalk, workOff } from './support/replies.ts'
import { ids } from './support/seed.ts'

onEachProfile((profile) => {
  const network = aNetwork()
  let db: TestDatabase
  let desk: CoreOnDatabase
  test.before(async () => {
    db = await testDatabase(profile)
    desk = coreOn(db, { send: network.send, poolSize: 8 })
  })
  test.after.always(() => db.close())

  const accounts = () => createAccountDirectory({ orm: desk.orm })
  const join = async ({ orgId }: Inbox, role: Role): Promise<Actor> => {
    const [memberId, userId] = [ids.next() as MemberId, ids.next() as UserId]
    const person = { email: `${memberId}@example.com`, name: `Some ${role}`, passwordHash: 'hash' }
    await accounts().addMember({ orgId, memberId, userId, role, now: new Date(), ...person })
    return actingMember({ orgId, memberId, userId, role, requestId: 'a-test' })
  }
  const rolesIn = async ({ orgId }: Inbox) =>
    (await accounts().members(orgId, {}, { limit: 100, after: null })).data.map(
      ({ role, status }) => `${role} ${status}`,
    )
  const rows = <T>({ orgId }: Inbox, text: string) => inOrganization(desk.orm, orgId, (tx) => tx.rows<T>(text))
  const refused = async (t: ExecutionContext, work: Promise<unknown>, code: string) => {
    const error = await t.throwsAsync(work, { instanceOf: DomainError })
    t.is(error.code as string, code)
  }

  test(`S25: ${profile}: the last owner neither steps down nor is disabled nor goes`, async (t) => {
    const inbox = await seedInbox(desk.orm)
    const { actor } = inbox
    const other = await join(inbox, 'OWNER')
    await desk.core.changeMember(actor, other.memberId, { disabled: true })
    for (const change of [{ role: 'ADMIN' }, { disabled: true }, { role: 'VIEWER', disabled: true }] as const) {
      await refused(t, desk.core.changeMember(actor, actor.memberId, change), 'last-owner')
    }
    await refused(t, desk.core.removeMember(actor, actor.memberId, { reassignTo: null }), 'last-owner')
    t.deepEqual(await rolesIn(inbox), ['OWNER ACTIVE', 'OWNER DISABLED'])
    await desk.core.changeMember(actor, other.memberId, { disabled: false })
    await desk.core.removeMember(actor, actor.memberId, { reassignTo: null })
    t.deepEqual(await rolesIn(inbox), ['OWNER ACTIVE'])
  })

  test(`S129: ${profile}: of fifty owners who step down, are disabled and go at once, one stays`, async (t) => {
    const inbox = await seedInbox(desk.orm)
    const owners = [inbox.actor]
    for (let count = 1; count < 50; count++) owners.push(await join(inbox, 'OWNER'))
    const outcomes = await Promise.allSettled(
      owners.map((owner, index) => {
        if (index % 3 === 0) return desk.core.changeMember(owner, owner.memberId, { role: 'AGENT' })
        if (index % 3 === 1) return desk.core.changeMember(owner, owner.memberId, { disabled: true })
        return desk.core.removeMember(owner, owner.memberId, { reassignTo: null })
      }),
    )
    const failed = outcomes.filter((one) => one.status === 'rejected').map(({ reason }) => (reason as DomainError).code)
    t.deepEqual(failed, ['last-owner'])
    t.is((await rolesIn(inbox)).filter((one) => one === 'OWNER ACTIVE').length, 1)
    const [written] = await rows<{ told: string; audited: string }>(
      inbox,
      `select (select count(*) from event_log where resource_type = 'member') as told,
              (select count(*) from audit_log where resource_type = 'member' and action not like 'member.added-%') as audited`,
    )
    t.deepEqual(written, { told: '49', audited: '49' }, 'as many as there were changes')
  })

  test(`S26, S27: ${profile}: an administrator leaves owners alone and makes none, also with a role that was lost meanwhile`, async (t) => {
    const inbox = await seedInbox(desk.orm)
    const [admin, agent, second] = [await join(inbox, 'ADMIN'), await join(inbox, 'AGENT'), await join(inbox, 'OWNER')]
    const { changeMember, removeMember } = desk.core
    await refused(t, changeMember(admin, second.memberId, { role: 'AGENT' }), 'forbidden')
    await refused(t, changeMember(admin, second.memberId, { disabled: true }), 'forbidden')
    await refused(t, removeMember(admin, second.memberId, { reassignTo: null }), 'forbidden')
    await refused(t, changeMember(admin, agent.memberId, { role: 'OWNER' }), 'forbidden')
    await refused(t, changeMember(admin, admin.memberId, { role: 'OWNER' }), 'forbidden')
    await changeMember(admin, agent.memberId, { role: 'VIEWER' })
    // Both were let in as what they were a moment ago.
    await changeMember(inbox.actor, second.memberId, { role: 'ADMIN' })
    await changeMember(inbox.actor, admin.memberId, { role: 'AGENT' })
    await refused(t, changeMember(second, inbox.actor.memberId, { role: 'AGENT' }), 'forbidden')
    await refused(t, changeMember(admin, agent.memberId, { role: 'AGENT' }), 'forbidden')
    t.deepEqual(await rolesIn(inbox), ['OWNER ACTIVE', 'AGENT ACTIVE', 'VIEWER ACTIVE', 'ADMIN ACTIVE'])
  })

  test(`S64: ${profile}: a disabled member keeps their tickets and gets no more, and what they had queued goes out`, async (t) => {
    const inbox = await seedInbox(desk.orm)
    const agent = await join(inbox, 'AGENT')
    const [theirs, other] = [await startTalk(desk, inbox, 'ann'), await startTalk(desk, inbox, 'ben')]
    const assign = (ticketId: typeof theirs.ticketId, assigneeId: MemberId | null) =>
      desk.core.updateTicket(inbox.actor, { ticketId, assigneeId })
    await assign(theirs.ticketId, agent.memberId)
    await reply(desk, { ...theirs, inbox: { ...inbox, actor: agent } }, 'queued by the agent')
    await desk.core.changeMember(inbox.actor, agent.memberId, { disabled: true })

    t.false((await accounts().membership(inbox.orgId, agent.userId))?.active, 'what every request looks up')
    t.is((await desk.queries.ticket(inbox.orgId, theirs.ticketId))?.assigneeId, agent.memberId)
    await refused(t, assign(other.ticketId, agent.memberId), 'assignee-not-member')
    await workOff(desk)
    t.deepEqual(network.texts('ann'), ['queued by the agent'])
    await desk.core.changeMember(inbox.actor, agent.memberId, { disabled: false })
    await assign(other.ticketId, agent.memberId)
    t.is((await desk.queries.ticket(inbox.orgId, other.ticketId))?.assigneeId, agent.memberId)
  })

  test(`S8: ${profile}: a ticket is given to nobody of another organization, nor are a removed member's`, async (t) => {
    const [inbox, foreign] = [await seedInbox(desk.orm), await seedInbox(desk.orm)]
    const agent = await join(inbox, 'AGENT')
    const { ticketId } = await startTalk(desk, inbox, 'cleo')
    const outsider = foreign.actor.memberId
    await refused(t, desk.core.updateTicket(inbox.actor, { ticketId, assigneeId: outsider }), 'assignee-not-member')
    await desk.core.updateTicket(inbox.actor, { ticketId, assigneeId: agent.memberId })
    for (const reassignTo of [outsider, agent.memberId]) {
      await refused(t, desk.core.removeMember(inbox.actor, agent.memberId, { reassignTo }), 'assignee-not-member')
    }
    await refused(t, desk.core.removeMember(inbox.actor, outsider, { reassignTo: null }), 'not-found')
    await refused(t, desk.core.changeMember(inbox.actor, outsider, { role: 'VIEWER' }), 'not-found')
    t.is((await desk.queries.ticket(inbox.orgId, ticketId))?.assigneeId, agent.memberId)
    t.deepEqual(await rolesIn(foreign), ['OWNER ACTIVE'])
  })

  test(`${profile}: a removed member's open tickets go where they are sent, with an event each, and the rest stays theirs`, async (t) => {
    const inbox = await seedInbox(desk.orm)
    const [agent, heir] = [await join(inbox, 'AGENT'), await join(inbox, 'AGENT')]
    const talks = await Promise.all(['dan', 'eve', 'fay'].map((person) => startTalk(desk, inbox, person)))
    for (const { ticketId } of talks) {
      await desk.core.updateTicket(inbox.actor, { ticketId, assigneeId: agent.memberId })
    }
    const [open, pending, resolved] = talks.map(({ ticketId }) => ticketId)
    await desk.core.updateTicket(inbox.actor, { ticketId: pending!, status: 'PENDING' })
    await desk.core.updateTicket(inbox.actor, { ticketId: resolved!, status: 'RESOLVED' })
    const versionOf = async () => (await desk.queries.ticket(inbox.orgId, open!))!.version
    const version = await versionOf()
    await desk.core.removeMember(inbox.actor, agent.memberId, { reassignTo: heir.memberId })

    const holders = await Promise.all(
      [open!, pending!, resolved!].map(async (id) => (await desk.queries.ticket(inbox.orgId, id))?.assigneeId),
    )
    t.deepEqual(holders, [heir.memberId, heir.memberId, agent.memberId])
    t.is(await versionOf(), version + 1)
    const events = await rows<{ type: string; to: string | null }>(
      inbox,
      `select type, data->>'to' as to from event_log where type in ('ticket.assigned', 'member.removed') order by id desc limit 3`,
    )
    t.deepEqual(events.map(({ type, to }) => [type, to]).toSorted(), [
      ['member.removed', null],
      ['ticket.assigned', heir.memberId],
      ['ticket.assigned', heir.memberId],
    ])
    t.is(await accounts().member(inbox.orgId, agent.memberId), null)
    await refused(t, desk.core.changeMember(inbox.actor, agent.memberId, { disabled: false }), 'not-found')
    await desk.core.removeMember(inbox.actor, heir.memberId, { reassignTo: null })
    t.is((await desk.queries.ticket(inbox.orgId, open!))?.assigneeId, null)
  })

  test(`S64: ${profile}: signing out, disabling and removing end the sessions from before for this organization, and for nobody else`, async (t) => {
    const inbox = await seedInbox(desk.orm)
    const { changeMember, endMemberSessions, removeMember } = desk.core
    const since = async ({ userId }: Actor) => (await accounts().membership(inbox.orgId, userId))!.sessionsSince
    const [out, off, gone, other] = await Promise.all([1, 2, 3, 4].map(() => join(inbox, 'AGENT')))
    for (const one of [out!, off!, gone!, other!]) t.is(await since(one), null)
    await changeMember(inbox.actor, other!.memberId, { role: 'VIEWER' })
    const before = new Date()
    await endMemberSessions(inbox.actor, out!.memberId)
    await changeMember(inbox.actor, off!.memberId, { disabled: true })
    await removeMember(inbox.actor, gone!.memberId, { reassignTo: null })
    for (const one of [out!, off!, gone!]) t.true((await since(one))! >= before)
    t.is(await since(other!), null)

    const ended = await since(off!)
    await changeMember(inbox.actor, off!.memberId, { disabled: false })
    t.deepEqual(await since(off!), ended, 'enabled again, it takes a new session')
    await refused(t, endMemberSessions(other!, out!.memberId), 'forbidden')
    const foreign = await seedInbox(desk.orm)
    await refused(t, endMemberSessions(foreign.actor, other!.memberId), 'not-found')
    t.is(await since(other!), null)
  })

  test(`${profile}: somebody who was removed and comes back is the same member`, async (t) => {
    const inbox = await seedInbox(desk.orm)
    const agent = await join(inbox, 'AGENT')
    await desk.core.removeMember(inbox.actor, agent.memberId, { reassignTo: null })
    const { email } = (await accounts().user(agent.userId))!
    const again = { memberId: ids.next() as MemberId, userId: ids.next() as UserId, role: 'VIEWER', name: 'A' } as const
    await accounts().addMember({ orgId: inbox.orgId, email, passwordHash: 'hash', now: new Date(), ...again })
    const member = await accounts().member(inbox.orgId, agent.memberId)
    t.like(member, { role: 'VIEWER', status: 'ACTIVE', email, userId: agent.userId })
    t.not((await accounts().membership(inbox.orgId, agent.userId))?.sessionsSince, null, 'and not with an old session')
  })
})
