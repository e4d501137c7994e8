import test from 'ava'
import { instagramParser } from '../../src/adapters/instagram/inbound-parser.ts'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { Delivery } from '../../src/core/channel/delivery.ts'
import type { CustomerId, ExternalMessageId } from '../../src/core/ids.ts'
import { aMessage, anEcho, anEdit, aThread } from '../builders/events.ts'
import { type CoreOnDatabase, coreOn, deliveryOf, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { all } from '../support/inbox-state.ts'
import { aGate, aNetwork, pause, reply, startTalk, statusesIn, workOff } from '../support/replies.ts'
import { ids } from '../support/seed.ts'
import { onServer } from '../support/template.ts'

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const customers = ({ queries }: CoreOnDatabase, { orgId }: Inbox) => all((page) => queries.customers(orgId, {}, page))
  const only = async (on: CoreOnDatabase, inbox: Inbox): Promise<CustomerId> => (await customers(on, inbox))[0]!.id

  test.serial(
    `S136: ${profile}: a reply that is under way is waited for, and its echo brings nobody back`,
    async (t) => {
      const gate = aGate<Delivery>()
      const on = coreOn(db, { send: aNetwork(() => gate.pass()).send })
      const inbox = await seedInbox(on.orm)
      const talk = await startTalk(on, inbox, 'ann')
      await reply(on, talk, 'under way')
      const [sending] = await on.core.deliverDue(1, new AbortController().signal)
      await gate.reached
      const sentAt = new Date()
      const erasure = await on.core.eraseCustomer(inbox.actor, await only(on, inbox))
      const job = { orgId: inbox.orgId, erasureId: erasure.id }
      t.like(await on.core.continueErasure(job), { status: 'wait' })
      t.is((await customers(on, inbox)).length, 1)

      const externalId = 'sent' as ExternalMessageId
      gate.open({ status: 'accepted', externalId })
      await sending
      await pause(5)
      t.like(await on.core.continueErasure(job), { status: 'done' })
      t.deepEqual(await customers(on, inbox), [])
      const echo = anEcho({ externalId, text: 'under way', at: sentAt, thread: aThread('ann') })
      await on.core.receiveWebhooks([deliveryOf(inbox, [echo, anEdit(externalId, 'edited', 1, new Date())])])
      // Another that nobody knew of, from before.
      const other = anEcho({ externalId: 'by phone', text: 'by phone', at: sentAt, thread: aThread('ann') })
      await on.core.receiveWebhooks([deliveryOf(inbox, [other])])
      t.deepEqual(await customers(on, inbox), [])
      await on.core.receiveWebhooks([
        deliveryOf(inbox, [aMessage({ externalId: 'anew', at: new Date(), thread: aThread('ann') })]),
      ])
      t.is((await customers(on, inbox)).length, 1)
    },
  )

  test.serial(
    `S130: ${profile}: nothing is sent to somebody who is about to be erased, and a new reply is told so`,
    async (t) => {
      const network = aNetwork()
      const on = coreOn(db, { send: network.send })
      const inbox = await seedInbox(on.orm)
      const talk = await startTalk(on, inbox, 'ann')
      const id = await reply(on, talk, 'waits')
      await on.core.eraseCustomer(inbox.actor, await only(on, inbox))
      await t.throwsAsync(reply(on, talk, 'too late'), { code: 'customer-being-erased' })
      await t.throwsAsync(on.core.retryMessage(inbox.actor, { ticketId: talk.ticketId, messageId: id }), {
        code: 'customer-being-erased',
      })
      await workOff(on)
      t.deepEqual(network.sent, [])
      t.deepEqual(await statusesIn(on, talk), ['waits FAILED'])
    },
  )

  test.serial(
    `S136: ${profile}: an erasure whose process dies goes on where it was, and says when it is done`,
    async (t) => {
      let dies = true
      const on = coreOn(db, {
        erasureTraces: {
          forgetJobs: async () => {
            if (dies) throw new Error('killed')
            return 0
          },
          rewriteBodies: async () => 0,
        },
      })
      const inbox = await seedInbox(on.orm)
      await startTalk(on, inbox, 'ann')
      const { id } = await on.core.eraseCustomer(inbox.actor, await only(on, inbox))
      const job = { orgId: inbox.orgId, erasureId: id }
      await t.throwsAsync(on.core.continueErasure(job), { message: 'killed' })
      t.like(await on.queries.erasure(inbox.orgId, id), { state: 'SWEEPING', finishedAt: null })
      dies = false
      t.deepEqual(await on.core.continueErasure(job), { status: 'done' })
      t.like(await on.queries.erasure(inbox.orgId, id), { state: 'DONE', removed: { tickets: 1, messages: 1 } })
      // Once more, as any job may come twice.
      t.deepEqual(await on.core.continueErasure(job), { status: 'done' })
    },
  )

  test.serial(
    `S135: ${profile}: of somebody with hundreds of messages, a body goes too that names one of them and not the person`,
    async (t) => {
      t.timeout(60_000)
      const on = coreOn(db, { parser: instagramParser })
      const inbox = await seedInbox(on.orm)
      const { orgId, account } = inbox
      const at = Date.now() - 60_000
      const comment = (id: string, from: string, more: object) => ({
        field: 'comments',
        value: { id, from: { id: from, username: 'somebody' }, media: { id: 'post' }, text: 'words', ...more },
      })
      const deliver = (changes: readonly object[]) => {
        const body = Buffer.from(JSON.stringify({ object: 'instagram', entry: [{ id: account, time: at, changes }] }))
        return on.core.receiveWebhooks([{ ...deliveryOf(inbox, []), body }])
      }
      const count = 450
      for (let first = 0; first < count; first += 50)
        await deliver(Array.from({ length: 50 }, (_, n) => comment(`ann.${first + n}`, '2100000000000001', {})))
      await deliver([comment('bob.1', '2100000000000002', { text: 'of somebody else' })])
      // The account's own below theirs names their message, and nobody.
      const own = comment('own.1', account, { parent_id: 'ann.7', text: 'an answer' })
      await deliver([own])
      const given = JSON.stringify({ object: 'instagram', entry: [{ id: account, time: at, changes: [own] }] })
      await inOrganization(on.orm, orgId, (tx) =>
        // As it is for whoever was told of an answer before there was a message.
        tx.affected(`update message_parts set raw_event_id = null where org_id = $1 and external_id = 'own.1'`, [
          orgId,
        ]),
      )
      const dead = ids.next()
      await onServer(db.admin, (server) =>
        server.query(
          `insert into jobs (id, queue, state, dead_at, meta, payload) values ($1, 'inbound', 'DEAD', now(), $2, $3)`,
          [dead, { orgId, channelId: inbox.channelId, verified: true, receivedAt: new Date(at).toISOString() }, given],
        ),
      )
      const bodies = async () =>
        (
          await inOrganization(on.orm, orgId, (tx) =>
            tx.rows<{ body: Buffer }>('select body from raw_events where org_id = $1', [orgId]),
          )
        ).map(({ body }) => body.toString())
      t.true((await bodies()).some((body) => body.includes('own.1')))

      const ann = (await customers(on, inbox)).find(({ externalId }) => externalId === '2100000000000001')!
      const { id } = await on.core.eraseCustomer(inbox.actor, ann.id)
      t.deepEqual(await on.core.continueErasure({ orgId, erasureId: id }), { status: 'done' })
      const left = (await bodies()).join()
      t.false(/ann\.|own\.1|2100000000000001/.test(left))
      t.true(left.includes('of somebody else'))
      const jobs = await onServer(db.admin, (server) => server.query('select from jobs where id = $1', [dead]))
      t.is(jobs.rowCount, 0, 'also one that was given up')
    },
  )
})
