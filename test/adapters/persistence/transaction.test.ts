import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { Pool } from 'pg'
import { createOrm } from '../../../src/adapters/persistence/orm.ts'
import { createSystemPool } from '../../../src/adapters/persistence/system-pool.ts'
import {
  asSystem,
  inOrganization,
  type Orm,
  readInOrganization,
  type Tx,
} from '../../../src/adapters/persistence/transaction.ts'
import { withRetries } from '../../../src/adapters/persistence/unit-of-work.ts'
import { codeOf, isDataError, isRetryable, isUniqueViolation } from '../../../src/adapters/postgres-kit/errors.ts'
import { DomainError, Unavailable } from '../../../src/core/errors.ts'
import { behindProxy } from '../../faults/harness/behind-proxy.ts'
import { countWrites } from '../../support/count-writes.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { ids, type SeededOrganization, seedChannel, seedOrganization, unitOfWorkOn } from '../../support/seed.ts'
import { seedThread } from '../../support/seed-inbox.ts'
import { onServer } from '../../support/template.ts'

const NOTE = `insert into audit_log (id, org_id, actor_type, action, resource_type)
  values (gen_random_uuid(), $1, 'SYSTEM', 'channel.deleted', 'x')`
const PID = 'select pg_backend_pid() as pid'
const ENTRIES_READ = `
select sum(pg_stat_get_xact_tuples_returned(indexrelid))::int as entries from pg_index where indrelid = $1::regclass`

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  let org: SeededOrganization
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm({ poolSize: 2 })
    org = await seedOrganization(orm)
  })
  test.after.always(() => db.close())

  const kill = (pid: number) => onServer(db.admin, (client) => client.query('select pg_terminate_backend($1)', [pid]))

  test.serial(`${profile}: what comes back has the types that are promised`, async (t) => {
    const [row] = await inOrganization(orm, org.orgId, (tx) =>
      tx.rows<Record<string, unknown>>(
        `select $1::timestamptz as at, array[$1::timestamptz] as ats, 9007199254740993::bigint as big, 3::int as small, 'infinity'::timestamptz as never,
           '{"a":[1]}'::jsonb as json, array['x','y,"z'] as texts, '\\x00ff'::bytea as bytes, current_user as who, $2::text as odd, null as none`,
        [new Date('2026-01-02T03:04:05.678Z'), `it's $1 ? "quoted"`],
      ),
    )
    t.deepEqual(row, {
      at: new Date('2026-01-02T03:04:05.678Z'),
      ats: [new Date('2026-01-02T03:04:05.678Z')],
      big: '9007199254740993',
      small: 3,
      never: Number.POSITIVE_INFINITY,
      json: { a: [1] },
      texts: ['x', 'y,"z'],
      bytes: Buffer.from([0, 255]),
      who: 'dc_app',
      odd: `it's $1 ? "quoted"`,
      none: null,
    })
  })

  test.serial(`${profile}: a foreign key planned on an empty table does not read a full one`, async (t) => {
    const single = db.orm({ poolSize: 1, plansForMs: 0 })
    const { orgId } = await seedOrganization(single)
    const { messageId } = await seedThread(single, orgId, await seedChannel(single, orgId))
    /** How many entries of indexes the foreign key reads. */
    const attachTo = (id: string, position: number) =>
      inOrganization(single, orgId, async (tx) => {
        const read = async (): Promise<number> =>
          (await tx.rows<{ entries: number }>(ENTRIES_READ, ['messages']))[0]?.entries ?? Number.NaN
        const before = await read()
        await tx.affected(
          `insert into attachments (id, org_id, message_id, position, type) values ($1, $2, $3, $4, 'IMAGE')`,
          [ids.next(), orgId, id, position],
        )
        return (await read()) - before
      })
    // A plan is kept from the sixth time on.
    for (let position = 1; position <= 6; position++) await attachTo(messageId, position)
    await inOrganization(single, orgId, (tx) =>
      tx.affected(
        `insert into messages select (jsonb_populate_record(null::messages,
           to_jsonb(m) || jsonb_build_object('id', gen_random_uuid(), 'external_id', n::text))).*
         from (select * from messages where id = $1) m, generate_series(1, 3000) n`,
        [messageId],
      ),
    )
    const [newest] = await inOrganization(single, orgId, (tx) =>
      tx.rows<{ id: string }>('select id from messages order by ctid desc limit 1'),
    )
    t.is(await attachTo(newest?.id ?? '', 1), 1)
  })

  test.serial(`${profile}: a statement is sent before those ahead of it, and BEGIN, are answered`, async (t) => {
    const network = await behindProxy(db)
    t.teardown(() => network.close())
    const far = network.orm({ poolSize: 1 })
    const lock = (n: number) => `select pg_advisory_xact_lock(hashtext('sent on'), ${n})`
    const held = () =>
      onServer(db.admin, async (client) => {
        const { rows } = await client.query<{ n: number }>(
          `select objid::int as n from pg_locks where locktype = 'advisory' and classid = (hashtext('sent on')::bigint & 4294967295)::oid`,
        )
        return rows.map(({ n }) => n).sort()
      })
    const answered: number[] = []
    // The connection is there.
    await inOrganization(far, org.orgId, (tx) => tx.rows('select 1'))
    network.proxy.set('response', { kind: 'black-hole' })
    const work = inOrganization(far, org.orgId, async (tx) => {
      tx.write(lock(1))
      await Promise.all([2, 3].map((n) => tx.rows(lock(n)).then(() => answered.push(n))))
    })
    for (let tries = 0; tries < 200 && (await held()).length < 3; tries++) await sleep(50)
    t.deepEqual([await held(), answered], [[1, 2, 3], []])
    await network.proxy.heal()
    await work
    t.deepEqual([await held(), answered], [[], [2, 3]])
  })

  test.serial(`${profile}: what is asked for at once leaves in one write`, async (t) => {
    const single = db.orm({ poolSize: 1 })
    const writes = await countWrites(single)
    await inOrganization(single, org.orgId, async (tx) => {
      for (const n of [1, 2, 3]) tx.write('select $1::int', [n])
      await Promise.all([tx.rows('select 4'), tx.rows('select 5')])
      await tx.rows('select 6')
    })
    t.is(writes(), 3, 'BEGIN, who it is and five statements; the sixth; COMMIT')
  })

  test.serial(`${profile}: where BEGIN fails no answer behind it counts, and the connection is given up`, async (t) => {
    const network = await behindProxy(db)
    t.teardown(() => network.close())
    const far = network.orm({ poolSize: 1 })
    const pool = (await far.em.getConnection().getNativeClient()) as Pool
    const client = await pool.connect()
    t.is((await client.query('select 1')).rowCount, 1)
    // All answers come at once, as to a process that was busy.
    network.proxy.set('response', { kind: 'black-hole' })
    await client.query('begin nonsense')
    const behind = ['select 1', 'select no_such_column', 'rollback'].map((text) => client.query(text))
    const ends = Promise.allSettled(behind)
    await sleep(100)
    await network.proxy.heal()
    for (const end of await ends) t.is(end.status === 'rejected' ? codeOf(end.reason) : end.status, '42601')
    await t.throwsAsync(client.query('select 1'))
    client.release(true)
    t.deepEqual(await inOrganization(far, org.orgId, (tx) => tx.rows('select 1 as one')), [{ one: 1 }])
  })

  test.serial(`${profile}: what nobody waits for fails the whole, for its own reason`, async (t) => {
    const noted = () =>
      inOrganization(orm, org.orgId, (tx) => tx.rows(`select 1 from audit_log where action = 'channel.deleted'`))
    const failing = (after: (tx: Tx) => unknown) =>
      t.throwsAsync(
        inOrganization(orm, org.orgId, async (tx) => {
          tx.write(NOTE, [org.orgId])
          tx.write('select $1::int / 0', [1])
          await after(tx)
        }),
      )
    // At the end, at the next one that is waited for, at several, and where that is not looked at.
    for (const after of [
      () => null,
      (tx: Tx) => tx.rows('select 1'),
      (tx: Tx) => Promise.all([tx.affected('delete from tickets'), tx.em.execute('select 1')]),
      (tx: Tx) => tx.rows('select 1').catch(() => {}),
    ])
      t.is(codeOf(await failing(after)), '22012', String(after))
    const own = new DomainError('invalid-transition', 'No.')
    const givenUp = async (tx: Tx) => {
      await tx.rows('select 1').catch(() => {})
      throw own
    }
    t.is(await failing(givenUp), own)
    t.deepEqual(await noted(), [])
    await inOrganization(orm, org.orgId, async (tx) => tx.write(NOTE, [org.orgId]))
    t.is((await noted()).length, 1)
  })

  test.serial(
    `${profile}: of several at once the reason is the first one's, however deep it was asked for`,
    async (t) => {
      const network = await behindProxy(db)
      t.teardown(() => network.close())
      const far = network.orm({ poolSize: 1 })
      const work = inOrganization(far, org.orgId, async (tx) => {
        await tx.rows('select 1')
        network.proxy.set('response', { kind: 'black-hole' })
        const deep = async () => await (async () => await (async () => await tx.rows('select 1 / 0'))())()
        await Promise.all([deep(), tx.rows('select 2')])
      })
      // All answers come in one piece.
      await sleep(300)
      await network.proxy.heal()
      t.is(codeOf(await t.throwsAsync(work)), '22012')
    },
  )

  test.serial(`${profile}: what fails before it is sent fails the whole as well`, async (t) => {
    const before = await inOrganization(orm, org.orgId, (tx) => tx.rows('select 1 from audit_log'))
    const unsendable = {
      toPostgres() {
        throw new Error('not to be sent')
      },
    }
    await t.throwsAsync(
      inOrganization(orm, org.orgId, async (tx) => {
        tx.write(NOTE, [org.orgId])
        tx.write('select $1::text', [unsendable])
      }),
      { message: 'not to be sent' },
    )
    t.is((await inOrganization(orm, org.orgId, (tx) => tx.rows('select 1 from audit_log'))).length, before.length)
  })

  test.serial(
    `${profile}: silence counts from the last answer, and what was given up is not committed later`,
    async (t) => {
      const impatient = db.orm({ poolSize: 1, silenceMs: 2_000 })
      await inOrganization(impatient, org.orgId, async (tx) => {
        for (let n = 0; n < 3; n++) tx.write('select pg_sleep(0.8)')
      })
      // A connection that nobody used for longer than that is watched as before.
      await sleep(2_200)
      const note = NOTE.replace('channel.deleted', 'channel.connected')
      const held = Promise.withResolvers<void>()
      const holding = Promise.withResolvers<void>()
      const holder = asSystem(orm, async (tx) => {
        await tx.rows(`select pg_advisory_xact_lock(hashtext('held for long'))`)
        holding.resolve()
        await held.promise
      })
      await holding.promise
      const givenUp = inOrganization(impatient, org.orgId, async (tx) => {
        tx.write(note, [org.orgId])
        tx.write(`select pg_advisory_xact_lock(hashtext('held for long'))`)
      })
      await t.throwsAsync(givenUp, { instanceOf: Unavailable })
      held.resolve()
      await holder
      // Whoever is next has the lock once the server has noticed that nobody is there.
      await asSystem(orm, (tx) => tx.rows(`select pg_advisory_xact_lock(hashtext('held for long'))`))
      const kept = await inOrganization(orm, org.orgId, (tx) =>
        tx.rows(`select 1 from audit_log where action = 'channel.connected'`),
      )
      t.deepEqual(kept, [])
    },
  )

  test.serial(`${profile}: who was let into a transaction cannot use it any more when it is over`, async (t) => {
    const kept: Tx[] = []
    await inOrganization(orm, org.orgId, async (tx) => void kept.push(tx))
    await t.throwsAsync(
      inOrganization(orm, org.orgId, async (tx) => {
        kept.push(tx)
        throw new Error('given up')
      }),
    )
    const atOnce = (tx: Tx): Promise<never> => {
      kept.push(tx)
      throw new Error('given up')
    }
    await t.throwsAsync(inOrganization(orm, org.orgId, atOnce))
    t.is(kept.length, 3)
    for (const tx of kept) {
      await t.throwsAsync(tx.rows('select 1'), { message: 'the transaction is over' })
      await t.throwsAsync(tx.affected('delete from tickets'), { message: 'the transaction is over' })
      t.throws(() => tx.write('delete from tickets'), { message: 'the transaction is over' })
    }
  })

  test.serial(`${profile}: a read cannot write`, async (t) => {
    const write = readInOrganization(orm, org.orgId, (tx) => tx.affected('delete from tickets'))
    t.regex((await t.throwsAsync(write))?.cause?.toString() ?? '', /read-only transaction/)
  })

  test.serial(`${profile}: backends killed inside a transaction leave no pool slot behind`, async (t) => {
    for (let round = 0; round < 6; round++) {
      const died = inOrganization(orm, org.orgId, async (tx) => {
        const [backend] = await tx.rows<{ pid: number }>(PID)
        await kill(backend?.pid ?? 0)
        await sleep(20)
        return tx.rows('select 1')
      })
      await t.throwsAsync(died, { instanceOf: Unavailable }, `round ${round}`)
    }
    const pids = await Promise.all(
      [0, 1].map(() => asSystem(orm, (tx) => tx.rows<{ pid: number }>(`${PID}, pg_sleep(0.05)`))),
    )
    t.is(new Set(pids.flat().map(({ pid }) => pid)).size, 2, 'both slots work')
  })

  test.serial(`${profile}: idle connections that the server ends are replaced`, async (t) => {
    const pool = db.systemPool({ size: 1 })
    for (let round = 0; round < 2; round++) {
      const { rows } = await pool.query<{ pid: number; who: string }>(`${PID}, current_user as who`)
      t.is(rows[0]?.who, 'dc_system')
      await kill(rows[0]?.pid ?? 0)
      await sleep(50)
    }
    const { rows } = await asSystem(orm, async (tx) => ({ rows: await tx.rows<{ pid: number }>(PID) }))
    await kill(rows[0]?.pid ?? 0)
    await sleep(50)
    t.is((await asSystem(orm, (tx) => tx.rows('select 1'))).length, 1)
  })

  test.serial(`${profile}: a full pool is waited for, and not for ever`, async (t) => {
    const small = db.orm({ poolSize: 1, connectTimeoutMs: 200 })
    const [held, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const holder = inOrganization(small, org.orgId, () => {
      held.resolve()
      return done.promise
    })
    await held.promise
    await t.throwsAsync(
      inOrganization(small, org.orgId, (tx) => tx.rows('select 1')),
      { instanceOf: Unavailable },
    )
    done.resolve()
    await holder
    t.is((await inOrganization(small, org.orgId, (tx) => tx.rows('select 1'))).length, 1)
  })

  test.serial(`B5: ${profile}: a deadlock is resolved by running the work again`, async (t) => {
    const uow = unitOfWorkOn(orm)
    const touch = (row: number) => `select pg_advisory_xact_lock(hashtext('deadlock'), ${row})`
    let runs = 0
    const bothHoldOne = Promise.withResolvers<void>()
    const crossing = (first: number, second: number) =>
      withRetries(() =>
        inOrganization(orm, org.orgId, async (tx) => {
          await tx.rows(touch(first))
          if (++runs === 2) bothHoldOne.resolve()
          await bothHoldOne.promise
          await tx.rows(touch(second))
        }),
      )
    await Promise.all([crossing(1, 2), crossing(2, 1)])
    t.true(runs > 2, `${runs} runs`)

    let tries = 0
    const hopeless = uow.run(org.orgId, async () => {
      tries++
      throw Object.assign(new Error('again'), { code: '40001' })
    })
    t.true(isRetryable(await t.throwsAsync(hopeless)))
    t.is(tries, 6)
  })

  test.serial(`${profile}: a broken rule undoes everything and is thrown as it is`, async (t) => {
    const broken = new DomainError('invalid-transition', 'No.')
    const work = unitOfWorkOn(orm).run(org.orgId, async ({ audit }) => {
      await audit.record({
        actorType: 'SYSTEM',
        actorId: null,
        action: 'channel.updated',
        resourceType: 'x',
        resourceId: null,
        requestId: null,
      })
      throw broken
    })
    t.is(await t.throwsAsync(work), broken)
    t.deepEqual(
      await inOrganization(orm, org.orgId, (tx) => tx.rows(`select 1 from audit_log where action = 'channel.updated'`)),
      [],
    )
  })

  test.serial(`${profile}: a value's fault is told from the server's`, async (t) => {
    const failing = async (text: string, params: unknown[] = []) =>
      t.throwsAsync(
        asSystem(orm, (tx) => tx.rows(text, params)),
        undefined,
        text,
      )
    t.true(isDataError(await failing('select $1::text', ['a\0b'])))
    t.true(isDataError(await failing('select $1::uuid', ['nope'])))
    t.true(isDataError(await failing('select 1 / 0')))
    t.false(isDataError(await failing('select nothing')))
    const twice = await failing(
      `insert into users (id, email, name, password_hash) select gen_random_uuid(), lower(email), 'x', 'x' from users limit 1 returning id`,
    )
    t.true(isDataError(twice))
    t.true(isUniqueViolation(twice, 'users_email'))
    t.false(isUniqueViolation(twice, 'another'))
  })
})

test('a server that is away is Unavailable, at once', async (t) => {
  const target = { url: 'postgres://dc_login@127.0.0.1:9/none' }
  const orm = createOrm(target)
  await t.throwsAsync(
    asSystem(orm, (tx) => tx.rows('select 1')),
    { instanceOf: Unavailable },
  )
  const socketless = createOrm({ host: '/nowhere/at/all', port: 5432, user: 'dc_login', dbName: 'none' })
  await t.throwsAsync(
    asSystem(socketless, (tx) => tx.rows('select 1')),
    { instanceOf: Unavailable },
  )
  const pool = createSystemPool(target)
  t.is(codeOf(await t.throwsAsync(pool.query('select 1'))), 'ECONNREFUSED')
  await Promise.all([orm.close(true), socketless.close(true), pool.end()])
})
