import test from 'ava'
import { storesWith } from '../../../../src/adapters/persistence/stores/index.ts'
import { inOrganization, type Orm, type Tx } from '../../../../src/adapters/persistence/transaction.ts'
import type { ChannelId, ExternalMessageId, OrgId } from '../../../../src/core/ids.ts'
import { type Into, storeEvents } from '../../../../src/core/message/store-events.ts'
import type { Stores } from '../../../../src/ports/unit-of-work.ts'
import { anEcho, aThread } from '../../../builders/events.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../../support/database.ts'
import { ids, seedChannel, seedOrganization, testSecretBox } from '../../../support/seed.ts'
import { seedConversation, seedCustomer, seedMessage, seedTicket } from '../../../support/seed-inbox.ts'

const makeStores = storesWith({ ids, secretBox: testSecretBox })
const EXTERNAL_ID = 'e1' as ExternalMessageId

/** Statements that read what is known, by a word of theirs. */
const LOOK_UPS = { 'sends in flight': `p.status in ('SENDING', 'UNKNOWN')`, 'known messages': 'early_reads' }

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm()
  })
  test.after.always(() => db.close())

  /** A private reply that is stored with the comments, as they once were, and is being sent. */
  async function aSendAmongComments() {
    const { orgId, memberId } = await seedOrganization(orm)
    const channelId = await seedChannel(orm, orgId)
    const sending = await inOrganization(orm, orgId, async (tx) => {
      const customerId = await seedCustomer(tx, channelId, { externalId: 'ann' })
      const conversationId = await seedConversation(tx, channelId, customerId, { surface: 'COMMENT' })
      await seedConversation(tx, channelId, customerId, { surface: 'DM', key: 'ann' })
      const ticketId = await seedTicket(tx, { channelId, customerId, conversationId }, { kind: 'COMMENT' })
      const written = { direction: 'OUTBOUND', externalId: null, content: 'Good day', memberId } as const
      const { id, partId } = await seedMessage(tx, { channelId, conversationId, ticketId }, written)
      await tx.affected(`update messages set status = 'SENDING' where id = $1`, [id])
      await tx.affected(
        `update message_parts set status = 'SENDING', kind = 'TEXT', content = 'Good day', conversation_id = $2 where id = $1`,
        [partId, conversationId],
      )
      await tx.affected(
        'insert into send_attempts (id, org_id, part_id, number, fence) values (gen_random_uuid(), $1, $2, 1, 1)',
        [orgId, partId],
      )
      await tx.affected(
        `insert into send_lanes (conversation_id, org_id, channel_id, state, fence) values ($1, $2, $3, 'BUSY', 1)`,
        [conversationId, orgId, channelId],
      )
      return { conversationId, messageId: id, partId, ticketId }
    })
    return { orgId, channelId, sending }
  }

  for (const [lookUp, word] of Object.entries(LOOK_UPS)) {
    test.serial(
      `${profile}: an echo whose send ends just before the look-up of ${lookUp} is that send, and no message of its own`,
      async (t) => {
        const { orgId, channelId, sending } = await aSendAmongComments()
        const { conversationId, ...head } = sending
        let ended = false
        const end = async () => {
          ended = true
          await inOrganization(orm, orgId, ({ ...tx }) =>
            makeStores(tx).sends.settle(
              { channelId, conversationId, fence: '1' } as Parameters<Stores['sends']['settle']>[0],
              head as Parameters<Stores['sends']['settle']>[1],
              { status: 'SENT', externalId: EXTERNAL_ID } as Parameters<Stores['sends']['settle']>[2],
              new Date(),
            ),
          )
        }
        /** Each statement is sent when those before it are answered, as far apart as can be. */
        const slowly = (tx: Tx): Tx => {
          let before: Promise<unknown> = Promise.resolve()
          const inTurn = <T>(send: () => Promise<T>): Promise<T> => {
            const sent = before.then(send)
            before = sent.catch(() => {})
            return sent
          }
          return {
            ...tx,
            rows: <T>(text: string, params?: readonly unknown[]) =>
              inTurn(async () => {
                if (!ended && text.includes(word)) await end()
                return tx.rows<T>(text, params)
              }),
            affected: (text, params) => inTurn(() => tx.affected(text, params)),
            write: (text, params) => void inTurn(() => tx.affected(text, params)),
          }
        }
        const into = {
          ports: {
            unitOfWork: {
              run: <T>(org: OrgId, work: (stores: Stores) => Promise<T>) =>
                inOrganization(orm, org, (tx) => work(makeStores(slowly(tx)))),
            },
            ids,
            clock: { now: () => new Date() },
            settings: { reopenWindowMs: 1_000 },
            wakeups: { wake() {} },
          },
          channel: { id: channelId as ChannelId, orgId },
          adapter: { parser: {} },
        } as unknown as Into
        const echo = anEcho({ externalId: EXTERNAL_ID, thread: aThread('ann') })
        await storeEvents(into, [{ event: echo, delivery: { id: null, verified: true, requestId: 'r' } } as never], {})
        t.true(ended)
        const stored = await inOrganization(orm, orgId, (tx) =>
          tx.rows('select external_id, status from message_parts where channel_id = $1', [channelId]),
        )
        t.deepEqual(stored, [{ external_id: EXTERNAL_ID, status: 'SENT' }])
      },
    )
  }
})
