import test from 'ava'
import { aMessage, anUnsend } from '../builders/events.ts'
import { coreOn, deliveryOf, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { onServer } from '../support/template.ts'

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  test.serial(
    `${profile}: a delivery that was given up is put aside, and a replay makes of it what it says`,
    async (t) => {
      const on = coreOn(db)
      const inbox = await seedInbox(on.orm)
      const { orgId, channelId } = inbox
      const delivery = deliveryOf(inbox, [aMessage({ text: 'nobody could read this' })])
      await on.core.putAsideGivenUp(delivery, new TypeError('nobody could read this'))
      const seen = async () =>
        (await on.queries.rawEvents(orgId, channelId, {}, { limit: 10, after: null }))?.data ?? []
      const [aside] = await seen()
      t.like(aside, { id: delivery.id, status: 'QUARANTINED', reason: 'given-up' })
      t.notRegex(JSON.stringify(aside), /nobody could read/)

      await on.core.replayRawEvent(inbox.actor, channelId, delivery.id)
      t.like((await seen())[0], { status: 'PROCESSED' })
      t.is(
        (await on.queries.tickets(orgId, {}, { limit: 10, after: null })).data[0]?.lastMessagePreview,
        'nobody could read this',
      )
    },
  )

  test.serial(`${profile}: an unsend finds the words in a delivery that was given up`, async (t) => {
    const on = coreOn(db)
    for (const isFirst of [true, false]) {
      const inbox = await seedInbox(on.orm)
      const delivery = deliveryOf(inbox, [aMessage({ externalId: 'taken-back', text: 'embarrassing' })])
      const unsend = () => on.core.receiveWebhooks([deliveryOf(inbox, [anUnsend('taken-back')])])
      if (isFirst) await unsend()
      await on.core.putAsideGivenUp(delivery, new Error('a test'))
      if (!isFirst) await unsend()
      const { rows } = await onServer(db.admin, (client) =>
        client.query<{ body: Buffer }>('select body from raw_events where org_id = $1 and id = $2', [
          inbox.orgId,
          delivery.id,
        ]),
      )
      t.is(rows.length, 1)
      t.notRegex(String(rows[0]?.body), /embarrassing/)
    }
  })
})
