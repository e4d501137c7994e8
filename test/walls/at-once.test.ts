import test, { type ExecutionContext } from 'ava'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { ticketOf } from '../support/inbox-client.ts'
import { waitFor } from '../support/processes.ts'
import { onEachProfile } from '../support/profiles.ts'
import { onServer } from '../support/template.ts'
import { type Caller, createCaller } from './tenancy/calls.ts'
import { openTwoShops, type Shop, type TwoShops } from './tenancy/two-shops.ts'

type Somebody = Readonly<{ id: string; token: string; caller: Caller }>
type Change = Readonly<{ type: string; by: string; data: Readonly<Record<string, string | null>> }>

const ROUNDS = 8

// Two people at two processes of the program, on one database.
onEachProfile((profile) => {
  let stage: ConnectStage
  let two: TwoShops
  let shop: Shop
  let doors: readonly [Caller, Caller]

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile, { PUBLIC_URL: 'https://inbox.example' })
    doors = [createCaller(stage.url, 4), createCaller(await stage.another(), 4)]
    two = await openTwoShops(stage, doors[0])
    ;[shop] = two.shops
  })
  test.after.always(async (t) => {
    t.timeout(60_000)
    for (const door of doors ?? []) door.close()
    await stage?.close()
  })

  const sql = <T extends object>(text: string, values: readonly unknown[] = []) =>
    onServer(stage.db.admin, async (client) => (await client.query<T>(text, [...values])).rows)
  const somebody = async (role: 'OWNER' | 'AGENT', door: 0 | 1): Promise<Somebody> => {
    const { email, memberId: id } = await two.people.join(shop.orgId, role)
    return { id, token: await two.people.signIn(email), caller: doors[door] }
  }
  const patch = async ({ caller, token }: Somebody, path: string, body: object) => {
    const { status, text } = await caller.call('PATCH', `/orgs/${shop.orgId}${path}`, { token, body })
    return { status, body: JSON.parse(text) as Readonly<Record<string, string | null>> }
  }
  /** What the event log tells of a thing since, in order, once all of it is numbered. */
  const told = async (id: string, type: string, since: number): Promise<readonly Change[]> => {
    await waitFor(
      async () => (await sql('select 1 from event_log where org_id = $1 and seq is null', [shop.orgId])).length === 0,
    )
    return sql<Change>(
      `select type, actor_id as by, data from event_log
       where org_id = $1 and resource_id = $2 and type = $3 and seq > $4 order by seq`,
      [shop.orgId, id, type, since],
    )
  }
  const audited = async (id: string, since: Date) =>
    sql<{ by: string; action: string }>(
      'select actor_id as by, action from audit_log where org_id = $1 and resource_id = $2 and at > $3',
      [shop.orgId, id, since],
    )
  const now = async () => {
    const [row] = await sql<{ seq: string; at: Date }>(
      'select last_seq as seq, clock_timestamp() as at from event_counters where org_id = $1',
      [shop.orgId],
    )
    return { seq: Number(row!.seq), at: row!.at }
  }

  /** Each begins where the one before it ended, and the last one is what is there. */
  function isOneChain(t: ExecutionContext, changes: readonly Change[], first: string | null, last: string | null) {
    let at = first
    for (const { data } of changes) {
      t.is(data['from'], at, JSON.stringify(changes))
      t.not(data['to'], at)
      at = data['to']!
    }
    t.is(at, last, JSON.stringify(changes))
  }
  const inAnyOrder = (list: readonly object[]) => list.map((one) => JSON.stringify(one)).toSorted()

  test.serial(
    `S128: ${profile}: two who give one ticket away at once come one after the other, and the events tell both in their order`,
    async (t) => {
      const [ann, ben] = [await somebody('AGENT', 0), await somebody('AGENT', 1)]
      const ticketId = shop.ids['ticketId']!
      const path = `/tickets/${ticketId}`
      let before = (await patch(ann, path, { assigneeId: null })).body['assigneeId'] ?? null
      for (let round = 0; round < ROUNDS; round++) {
        const since = await now()
        const answers = await Promise.all([ann, ben].map((who) => patch(who, path, { assigneeId: who.id })))
        for (const { status, body } of answers) {
          t.is(status, 200)
          t.true([ann.id, ben.id].includes(body['assigneeId']!))
        }
        const [row] = await sql<{ who: string }>('select assignee_id as who from tickets where id = $1', [ticketId])
        const changes = await told(ticketId, 'ticket.assigned', since.seq)
        isOneChain(t, changes, before, row!.who)
        // Who had it before has nothing to change in going first.
        t.true(changes.length === 2 || (before !== null && changes.length === 1), JSON.stringify(changes))
        for (const { by, data } of changes) t.is(data['to'], by)
        t.deepEqual(
          inAnyOrder(await audited(ticketId, since.at)),
          inAnyOrder(changes.map(({ by }) => ({ by, action: 'ticket.assigned' }))),
        )
        before = row!.who
      }
    },
  )

  test.serial(
    `S128: ${profile}: a ticket's state and its member, changed at once, are both as they were told last`,
    async (t) => {
      const [ann, ben] = [await somebody('AGENT', 0), await somebody('AGENT', 1)]
      const ticketId = shop.ids['ticketId']!
      const path = `/tickets/${ticketId}`
      let before = (await patch(ann, path, { status: 'OPEN' })).body['status']!
      for (let round = 0; round < ROUNDS; round++) {
        const since = await now()
        const member = round % 2 === 0 ? ann.id : null
        const answers = await Promise.all([
          patch(ann, path, { status: 'RESOLVED' }),
          patch(ben, path, { status: 'PENDING', assigneeId: member }),
        ])
        t.deepEqual(
          answers.map(({ status }) => status),
          [200, 200],
        )
        const [row] = await sql<{ status: string; resolved: boolean; who: string | null }>(
          'select status, resolved_at is not null as resolved, assignee_id as who from tickets where id = $1',
          [ticketId],
        )
        const changes = await told(ticketId, 'ticket.status_changed', since.seq)
        isOneChain(t, changes, before, row!.status)
        t.is(row!.resolved, row!.status === 'RESOLVED')
        t.is(row!.who, member, 'nobody who changes the state takes the member back')
        const actions = (await audited(ticketId, since.at)).filter(({ action }) => action.startsWith('ticket.set-'))
        t.deepEqual(
          inAnyOrder(actions),
          inAnyOrder(changes.map(({ by, data }) => ({ by, action: `ticket.set-${data['to']!.toLowerCase()}` }))),
        )
        before = row!.status
      }
    },
  )

  test.serial(
    `S130: ${profile}: a reply on a ticket that is resolved at the same moment goes out, and the ticket stays as it was set`,
    async (t) => {
      t.timeout(60_000)
      const [ann, ben] = [await somebody('AGENT', 0), await somebody('AGENT', 1)]
      const path = `/tickets/${shop.ids['ticketId']}`
      const messages = `/orgs/${shop.orgId}${path}/messages`
      const read = async (at: string) => JSON.parse((await ben.caller.call('GET', at, { token: ben.token })).text)
      const said = new Map<string, string>()
      for (let round = 0; round < ROUNDS; round++) {
        t.is((await patch(ann, path, { status: 'OPEN' })).status, 200)
        const content = `Said as it was resolved, ${round}`
        const [resolved, reply] = await Promise.all([
          patch(ann, path, { status: 'RESOLVED' }),
          ben.caller.call('POST', messages, { token: ben.token, body: { content } }),
        ])
        t.deepEqual([resolved.status, reply.status], [200, 201])
        t.is((await read(`/orgs/${shop.orgId}${path}`)).status, 'RESOLVED')
        said.set(JSON.parse(reply.text).id, content)
      }
      for (const [id, content] of said) {
        await waitFor(async () => (await read(`${messages}/${id}`)).status === 'SENT', 20_000)
        t.like(await read(`${messages}/${id}`), { content, ticketId: shop.ids['ticketId'] })
      }
      const parts = await sql<{ count: number }>(
        `select count(*)::int from message_parts p join messages m on m.org_id = p.org_id and m.id = p.message_id
         where m.id = any ($1) and m.ticket_id = $2`,
        [[...said.keys()], shop.ids['ticketId']],
      )
      t.deepEqual(parts, [{ count: ROUNDS }])
    },
  )

  test.serial(
    `S128: ${profile}: of two who open two old tickets of one conversation at once, one is told that it cannot be`,
    async (t) => {
      const [ann, ben] = [await somebody('AGENT', 0), await somebody('AGENT', 1)]
      const { client, account } = shop
      const who = stage.simulator.customer({ account })
      const tickets: string[] = []
      for (const text of ['First', 'A month later']) {
        await stage.simulator.dm(who, text)
        const { customerId } = await ticketOf(client, who)
        const open = () =>
          client.call<{ data: { id: string }[] }>('GET', `/tickets?customerId=${customerId}&status=OPEN`)
        const { id } = await waitFor(async () => (await open()).body.data[0])
        t.is((await patch(ann, `/tickets/${id}`, { status: 'RESOLVED' })).status, 200)
        await sql(`update tickets set resolved_at = now() - interval '60 days' where id = $1`, [id])
        tickets.push(id)
      }
      t.is(new Set(tickets).size, 2)
      for (let round = 0; round < ROUNDS; round++) {
        const [one, other] = await Promise.all([
          patch(ann, `/tickets/${tickets[0]}`, { status: 'OPEN' }),
          patch(ben, `/tickets/${tickets[1]}`, { status: 'OPEN' }),
        ])
        const [done, refused] = one!.status === 200 ? [one, other] : [other, one]
        t.is(done!.status, 200)
        t.like(refused, { status: 409, body: { code: 'invalid-transition' } })
        const open = await sql<{ id: string }>(`select id from tickets where id = any ($1) and status <> 'RESOLVED'`, [
          tickets,
        ])
        t.deepEqual(open, [{ id: done!.body['id']! }])
        t.is((await patch(ann, `/tickets/${open[0]!.id}`, { status: 'RESOLVED' })).status, 200)
      }
    },
  )

  test.serial(
    `S128: ${profile}: two owners who change a role at once come one after the other; of two who depose each other one is refused`,
    async (t) => {
      const [ann, ben] = [await somebody('OWNER', 0), await somebody('OWNER', 1)]
      const { id } = await somebody('AGENT', 0)
      let before = 'AGENT'
      for (let round = 0; round < ROUNDS; round++) {
        const since = await now()
        const answers = await Promise.all([
          patch(ann, `/members/${id}`, { role: 'ADMIN' }),
          patch(ben, `/members/${id}`, { role: 'VIEWER' }),
        ])
        t.deepEqual(
          answers.map(({ status }) => status),
          [200, 200],
        )
        const [row] = await sql<{ role: string }>('select role from memberships where id = $1', [id])
        const changes = await told(id, 'member.updated', since.seq)
        isOneChain(t, changes, before, row!.role)
        t.deepEqual(
          inAnyOrder(await audited(id, since.at)),
          inAnyOrder(changes.map(({ by, data }) => ({ by, action: `member.made-${data['to']!.toLowerCase()}` }))),
        )
        before = row!.role
      }

      const answers = await Promise.all([
        patch(ann, `/members/${ben.id}`, { role: 'AGENT' }),
        patch(ben, `/members/${ann.id}`, { role: 'AGENT' }),
      ])
      t.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 403])
      const roles = await sql<{ role: string }>('select role from memberships where id = any ($1) order by role', [
        [ann.id, ben.id],
      ])
      t.deepEqual(roles, [{ role: 'AGENT' }, { role: 'OWNER' }])
    },
  )
})
