import { randomUUID } from 'node:crypto'
import test from 'ava'
import { Connection } from 'rabbitmq-client'
import { MESSAGE_TYPE } from '../src/adapters/messaging/rabbit-publisher.ts'
import { main } from '../src/cli.ts'
import { type ConnectStage, connectStage } from './support/connect-stage.ts'
import { waitFor } from './support/processes.ts'
import { onEachProfile } from './support/profiles.ts'
import { dataFolder, settings } from './support/program.ts'
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

  // By itself: it tries all of the installation's again.
  test.serial(
    `${profile}: the operator lists what was given up and is no organization's, and tries it again, with a row in the audit log`,
    async (t) => {
      const environment = settings({
        DATA_DIR: await dataFolder(t, 'dead-letters'),
        DATABASE_URL: stage.db.url,
        RABBITMQ_URL: profile === 'services' ? (process.env['TEST_RABBITMQ_URL'] ?? '') : '',
        SERVICES_PREFIX: stage.prefix,
      })
      const cli = async (...args: string[]) => {
        const lines: unknown[] = []
        const out = { log: (line: unknown) => lines.push(line), error: (line: unknown) => lines.push(line) }
        const code = await main(args, { environment, out: out as never })
        return { code, output: lines.join('\n') }
      }
      const says = async (output: string, ...args: string[]) => t.deepEqual(await cli(...args), { code: 0, output })
      const meta = { channelType: 'INSTAGRAM', requestId: 'r', receivedAt: new Date().toISOString() }
      const die = async (queue: string, reason: string, body: string, orgId: string | null = null) => {
        const id = randomUUID()
        await sql(
          `insert into jobs (id, org_id, queue, state, attempt, dead_at, reason, meta, payload)
         values ($1, $2, $3, 'DEAD', 10, now(), $4, $5, $6)`,
          [id, orgId, queue, reason, JSON.stringify(meta), Buffer.from(body)],
        )
        return id
      }
      await says('There are none.', 'dead-letters:list')
      const person = await stage.person()
      const theirs = await die('token-refresh', 'Error: away', '{}', person.orgId)
      const account = { id: '17841400000000099', time: Date.now(), messaging: [] }
      const known = await die('inbound', 'Error: no', JSON.stringify({ object: 'instagram', entry: [account] }))
      const unreadable = await die('unreadable', 'it is no JSON', 'only for the shop')
      const ofNoOne = () =>
        sql<{ id: string; queue: string; state: string }>(
          'select id, queue, state from jobs where org_id is null order by dead_at',
        )

      const listed = await cli('dead-letters:list')
      t.is(listed.code, 0)
      t.regex(
        listed.output,
        new RegExp(
          `${unreadable}  unreadable  17 bytes  it is no JSON\\n.*Z  ${known}  inbound  \\d+ bytes  Error: no$`,
        ),
      )
      t.notRegex(listed.output, new RegExp(`only for the shop|${theirs}`))

      await says('1 is tried again.', 'dead-letters:replay', '--id', known)
      await waitFor(async () => (await ofNoOne()).length === 1)
      await says('0 are tried again.', 'dead-letters:replay', '--id', known)
      await says('0 are tried again.', 'dead-letters:replay', '--id', theirs)
      t.like(await ofNoOne(), [{ id: unreadable, state: 'DEAD' }])
      await says('1 is tried again.', 'dead-letters:replay')
      // It is no more readable than it was, and is kept once more.
      const again = await waitFor(async () =>
        (await ofNoOne()).find(({ id, state }) => id !== unreadable && state === 'DEAD'),
      )
      t.is(again.queue, 'unreadable')
      t.deepEqual(await sql('select state, attempt from jobs where id = $1', [theirs]), [
        { state: 'DEAD', attempt: 10 },
      ])
      await sql('delete from jobs where id = any($1)', [[again.id, theirs]])
      await says('0 are tried again.', 'dead-letters:replay')
      t.deepEqual(
        await sql(
          'select actor_type, action, resource_type, resource_id from audit_log where org_id is null order by at',
        ),
        [
          { actor_type: 'SYSTEM', action: 'dead-letter.replayed', resource_type: 'dead-letter', resource_id: known },
          { actor_type: 'SYSTEM', action: 'dead-letters.replayed', resource_type: 'installation', resource_id: null },
        ],
      )
      const wrong = await cli('dead-letters:replay', '--id', 'all')
      t.is(wrong.code, 64)
      t.regex(wrong.output, /^--id is an id of dead-letters:list\.\nUsage:/)
    },
  )

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
