import test from 'ava'
import { createHousekeeping } from '../../../src/adapters/persistence/housekeeping.ts'
import type { Media } from '../../../src/ports/channel-adapter.ts'
import { aMessage, anEdit } from '../../builders/events.ts'
import { coreOn, deliveryOf, seedInbox } from '../../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { inboxState } from '../../support/inbox-state.ts'
import { onServer } from '../../support/template.ts'

const DAY_MS = 24 * 3_600_000

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  // proves: raw.retention
  test.serial(`${profile}: bodies go after their time with their quarantine, and what they made stays`, async (t) => {
    const on = coreOn(db)
    const inbox = await seedInbox(on.orm)
    const ago = (days: number) => new Date(Date.now() - days * DAY_MS)
    const old = deliveryOf(inbox, [aMessage({ externalId: 'old' })])
    const unreadable = coreOn(db, { parser: { parse: () => ({ readable: false, reason: 'not-json' }) } })
    await on.core.receiveWebhooks([{ ...old, receivedAt: ago(15) }])
    await unreadable.core.receiveWebhooks([{ ...deliveryOf(inbox, []), receivedAt: ago(15) }])
    const young = deliveryOf(inbox, [aMessage({ externalId: 'young' }), anEdit('old', 'Hello again', 1)])
    await on.core.receiveWebhooks([{ ...young, receivedAt: ago(13) }])
    const before = await inboxState(on.queries, inbox.orgId)

    const housekeeping = createHousekeeping(on.pool)
    t.is(await housekeeping.forgetRawEvents(ago(14)), 2)
    t.is(await housekeeping.forgetRawEvents(ago(14)), 0)
    const page = await on.queries.rawEvents(inbox.orgId, inbox.channelId, {}, { limit: 10, after: null })
    t.deepEqual(
      page?.data.map(({ id }) => id),
      [young.id],
    )
    const rows = async (table: string) =>
      (await onServer(db.admin, (client) => client.query(`select 1 from ${table} where org_id = $1`, [inbox.orgId])))
        .rowCount
    t.is(await rows('quarantine'), 0)
    t.is(await rows('raw_event_copies'), 1)
    t.deepEqual(await inboxState(on.queries, inbox.orgId), before)
    // A repeat is known for what it is without its body.
    await on.core.receiveWebhooks([deliveryOf(inbox, [aMessage({ externalId: 'old' })])])
    t.deepEqual(await inboxState(on.queries, inbox.orgId), before)
  })

  test.serial(`${profile}: what was said of messages that never came is forgotten after its time`, async (t) => {
    const on = coreOn(db)
    const inbox = await seedInbox(on.orm)
    await on.core.receiveWebhooks([deliveryOf(inbox, [anEdit('never', 'lost words', 1)])])
    const housekeeping = createHousekeeping(on.pool)
    t.is(await housekeeping.forgetEarlyFacts(new Date(Date.now() - DAY_MS)), 0)
    t.is(await housekeeping.forgetEarlyFacts(new Date(Date.now() + DAY_MS)), 1)
  })

  test.serial(`${profile}: a delivery that was given up goes with its body after its time`, async (t) => {
    const on = coreOn(db)
    const job = (state: string, days: number) =>
      onServer(db.admin, (client) =>
        client.query(
          `insert into jobs (id, queue, state, dead_at, payload) values (gen_random_uuid(), 'retention', $1, now() - make_interval(days => $2), 'words')`,
          [state, days],
        ),
      )
    for (const [state, days] of [
      ['DEAD', 15],
      ['DEAD', 13],
      ['READY', 15],
    ] as const)
      await job(state, days)
    t.is(await createHousekeeping(on.pool).forgetDeadJobs(new Date(Date.now() - 14 * DAY_MS)), 1)
    const left = await onServer(db.admin, (client) => client.query(`select 1 from jobs where queue = 'retention'`))
    t.is(left.rowCount, 2)
  })

  test.serial(`${profile}: a post that is gone keeps its caption and address, and loses its picture`, async (t) => {
    const on = coreOn(db)
    const inbox = await seedInbox(on.orm)
    await onServer(db.admin, (client) =>
      client.query('insert into media (org_id, channel_id, media_id) values ($1, $2, $3)', [
        inbox.orgId,
        inbox.channelId,
        'post',
      ]),
    )
    const save = (media: Omit<Media, 'expiresAt'> | null) =>
      on.unitOfWork.run(inbox.orgId, (stores) =>
        stores.media.save(inbox.channelId, 'post', media && { ...media, expiresAt: null }, new Date()),
      )
    const stored = async () =>
      (
        await onServer(db.admin, (client) =>
          client.query('select permalink, caption, thumbnail_url, gone from media where org_id = $1', [inbox.orgId]),
        )
      ).rows[0]
    await save({ permalink: 'https://instagram.example/p/1', caption: 'Lamps', thumbnailUrl: 'https://cdn.example/1' })
    await save(null)
    t.deepEqual(await stored(), {
      permalink: 'https://instagram.example/p/1',
      caption: 'Lamps',
      thumbnail_url: null,
      gone: true,
    })
    await save({ permalink: 'https://instagram.example/p/2', caption: 'Back', thumbnailUrl: 'https://cdn.example/2' })
    t.like(await stored(), { caption: 'Back', gone: false })
  })
})
