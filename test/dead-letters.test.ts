import { randomUUID } from 'node:crypto'
import test from 'ava'
import { Connection } from 'rabbitmq-client'
import { MESSAGE_TYPE } from '../src/adapters/messaging/rabbit-publisher.ts'
import { type ConnectStage, connectStage } from './support/connect-stage.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { onServer } from './support/template.ts'

type DeadLetter = Readonly<{ id: string; queue: string; reason: string; attempts: number }>
type Page = Readonly<{ data: DeadLetter[]; page: { nextCursor: string | null } }>

onEachProfile((profile) => {
  let stage: ConnectStage
  test.before(async () => {
    stage = await connectStage(profile)
  })
  test.after.always(() => stage.close())

  const sql = <Row extends object>(text: string, values: unknown[] = []) =>
    onServer(stage.db.admin, async (client) => (await client.query(text, values)).rows as Row[])

  test(`${profile}: background work that was given up is listed and tried again by administrators, with a row in the audit log`, async (t) => {
    const [person, stranger] = [await stage.person(), await stage.person()]
    const die = async (queue: string, reason: string) => {
      const id = randomUUID()
      // As one that a unit of work enqueued and that was given up; what it asks for is not there any more.
      await sql(
        `insert into jobs (id, org_id, queue, state, attempt, dead_at, reason, payload)
         values ($1, $2, $3, 'DEAD', 10, now(), $4, $5)`,
        [id, person.orgId, queue, reason, JSON.stringify({ orgId: person.orgId, channelId: randomUUID() })],
      )
      return id
    }
    const lookUp = await die('token-refresh', 'Error: connect ECONNREFUSED 10.1.2.3:443')
    const hung = await die('history-sweep', 'whoever held it died or hung')
    const other = await die('token-refresh', 'the payload is not a JSON object')
    const list = async (query = '', who = person) => (await who.api<Page>('GET', `/dead-letters${query}`)).body.data

    const all = await list()
    t.deepEqual(
      all.map(({ id, queue, reason, attempts }) => [id, queue, reason, attempts]),
      [
        [other, 'token-refresh', 'unreadable', 10],
        [hung, 'history-sweep', 'crashed', 10],
        [lookUp, 'token-refresh', 'failed', 10],
      ],
    )
    t.notRegex(JSON.stringify(all), /10\.1\.2\.3/)
    t.deepEqual(
      (await list('?queue=history-sweep')).map(({ id }) => id),
      [hung],
    )
    const first = (await person.api<Page>('GET', '/dead-letters?limit=2')).body
    const second = await list(`?limit=2&cursor=${encodeURIComponent(first.page.nextCursor ?? '')}`)
    t.deepEqual(
      [...first.data, ...second].map(({ id }) => id),
      [other, hung, lookUp],
    )
    t.is((await person.api('GET', '/dead-letters?queue=inbound')).status, 400)

    t.deepEqual(await list('', stranger), [])
    t.is((await stranger.api('POST', `/dead-letters/${hung}/replay`)).status, 404)
    t.is((await stranger.api<{ matched: number }>('POST', '/dead-letters/replay', {})).body.matched, 0)
    t.is((await list()).length, 3)

    t.is((await person.api('POST', `/dead-letters/${hung}/replay`)).status, 202)
    t.is((await person.api('POST', `/dead-letters/${hung}/replay`)).status, 404, 'it is dead no more')
    t.like((await person.api('POST', '/dead-letters/replay', { queue: 'token-refresh' })).body, { matched: 2 })
    t.deepEqual(await list(), [])
    await waitFor(async () => (await sql('select 1 from jobs where org_id = $1', [person.orgId])).length === 0)
    t.deepEqual(
      await sql(
        `select action, resource_id::text as about, count(*)::int from audit_log
         where org_id = $1 and action like 'dead-letter%' group by 1, 2 order by 1`,
        [person.orgId],
      ),
      [
        { action: 'dead-letter.replayed', about: hung, count: 1 },
        { action: 'dead-letters.replayed', about: person.orgId, count: 1 },
      ],
    )

    await sql("update memberships set role = 'AGENT' where org_id = $1", [person.orgId])
    t.is((await person.api('GET', '/dead-letters')).status, 403)
    t.is((await person.api('POST', `/dead-letters/${hung}/replay`)).status, 403)
    t.is((await person.api('POST', '/dead-letters/replay', {})).status, 403)
  })

  test(`${profile}: a job knows its organization, also one that an older version enqueues`, async (t) => {
    const person = await stage.person()
    const id = randomUUID()
    await sql(
      `with org as (select set_config('app.org_id', $2, true))
       insert into jobs (id, queue, payload, run_at) select $1, 'reaction', '{}', now() + interval '1 hour' from org`,
      [id, person.orgId],
    )
    t.deepEqual(await sql('delete from jobs where id = $1 returning org_id::text as org', [id]), [
      { org: person.orgId },
    ])
  })

  if (profile === 'services')
    test('services: what is in the dead-letter queue of the broker goes to where somebody sees it', async (t) => {
      const person = await stage.person()
      const account = stage.account('instagram', 'dead-letters')
      const config = { pageId: account.id, accessToken: account.accessToken, appSecret: account.appSecret }
      const made = await person.api<{ id: string }>('POST', '/channels', { type: 'INSTAGRAM', name: 'dead', config })
      const rabbit = new Connection({ url: process.env['TEST_RABBITMQ_URL'] ?? '' })
      const publisher = rabbit.createPublisher({ confirm: true })
      t.teardown(async () => {
        await publisher.close()
        await rabbit.close()
      })
      const bury = (messageId: string, headers: object, body: string, type: string = MESSAGE_TYPE) =>
        publisher.send(
          {
            ...{ routingKey: `${stage.prefix}.inbound.dead`, durable: true, mandatory: true },
            ...{ messageId, type, headers: { receivedAt: new Date().toISOString(), requestId: 'r', ...headers } },
          },
          Buffer.from(body),
        )
      const [known, forApp, newer] = [randomUUID(), randomUUID(), randomUUID()]
      // The broker itself moved it there, after too many crashes of whoever held it.
      await bury(known, { orgId: person.orgId, channelId: made.body.id, verified: true }, 'its body')
      await bury(forApp, { channelType: 'INSTAGRAM', failures: 10, reason: 'Error: no' }, 'for an app')
      await bury(forApp, { channelType: 'INSTAGRAM', failures: 10, reason: 'Error: no' }, 'for an app')
      await bury(newer, { whatever: 1 }, 'of a newer one', 'webhook.v2')

      const place = `/channels/${made.body.id}/raw-events`
      const kept = await waitFor(
        async () => (await person.api<{ data: { id: string }[] }>('GET', `${place}?reason=given-up`)).body.data[0],
      )
      t.is(kept.id, known)
      const dead = () =>
        sql<{ reason: string; meta: Record<string, unknown>; body: string }>(
          `select reason, meta, convert_from(payload, 'UTF8') as body from jobs
           where queue = 'inbound' and state = 'DEAD' and org_id is null order by body`,
        )
      await waitFor(async () => (await dead()).length === 2)
      t.like(await dead(), [
        { reason: 'Error: no', body: 'for an app', meta: { channelType: 'INSTAGRAM', requestId: 'r' } },
        { reason: 'whoever held it died or hung', body: 'of a newer one', meta: { version: 2 } },
      ])
    })
})
