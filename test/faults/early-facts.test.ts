import test from 'ava'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import type { InboundEvent } from '../../src/core/channel/inbound-event.ts'
import type { ExternalMessageId, ExternalUserId } from '../../src/core/ids.ts'
import { anEcho, anEdit, anUnsend, aThread } from '../builders/events.ts'
import { coreOn, deliveryOf, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { aNetwork, repliesIn, reply, startTalk, type Talk, workOff } from '../support/replies.ts'

const soon = () => new Date(Date.now() + 1_000)
const id = (externalId: string) => externalId as ExternalMessageId
const seen = (externalId: string): InboundEvent => ({ type: 'read', externalId: id(externalId), at: soon() })
const loved = (externalId: string): InboundEvent => ({
  type: 'reaction',
  externalId: id(externalId),
  actor: 'ann' as ExternalUserId,
  reaction: { name: 'love', emoji: '❤️' },
  at: soon(),
})

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  /** A reply whose id the platform tells us only after `meanwhile` has happened. */
  async function replied(
    meanwhile: (externalId: string, tell: (event: InboundEvent) => Promise<void>, talk: Talk) => Promise<void>,
  ) {
    let talk: Talk | null = null
    const network = aNetwork(async (_message, externalId) => {
      if (talk) await meanwhile(externalId, tell, talk)
      return { status: 'accepted', externalId }
    })
    const on = coreOn(db, { send: network.send })
    const inbox = await seedInbox(on.orm)
    const tell = (event: InboundEvent) => on.core.receiveWebhooks([deliveryOf(inbox, [event])])
    talk = await startTalk(on, inbox, 'ann')
    await reply(on, talk, 'Good day')
    await workOff(on)
    const [message] = await repliesIn(on, talk)
    return { on, talk, tell, message }
  }

  test.serial(`${profile}: a reply that was seen before the platform answered is READ once it has`, async (t) => {
    const { message } = await replied((externalId, tell) => tell(seen(externalId)))
    t.like(message, { status: 'READ', content: 'Good day' })
  })

  const permutations = <T>(all: readonly T[]): T[][] =>
    all.length === 0 ? [[]] : all.flatMap((one, at) => permutations(all.toSpliced(at, 1)).map((rest) => [one, ...rest]))
  const RANK = ['QUEUED', 'SENDING', 'UNKNOWN', 'SENT', 'DELIVERED', 'READ']

  test.serial(
    `D23: ${profile}: in any order of answer, echo and what was seen, the status only goes forward`,
    async (t) => {
      for (const order of permutations(['answer', 'echo', 'seen', 'seen again'])) {
        const at = order.indexOf('answer')
        const told = async (
          what: readonly string[],
          externalId: string,
          tell: (event: InboundEvent) => Promise<void>,
        ) => {
          for (const one of what)
            await tell(
              one === 'echo'
                ? anEcho({ externalId, text: 'Good day', at: new Date(), thread: aThread('ann') })
                : seen(externalId),
            )
        }
        const { on, talk, tell, message } = await replied((externalId, say) =>
          told(order.slice(0, at), externalId, say),
        )
        await told(order.slice(at + 1), message?.externalId ?? '', tell)
        const [after, ...others] = await repliesIn(on, talk)
        t.is(after?.status, 'READ', String(order))
        t.deepEqual(others, [])
        const rows = await inOrganization(on.orm, talk.inbox.orgId, (tx) =>
          tx.rows<{ to: string }>(
            `select data ->> 'to' as to from event_log where type = 'message.status_changed' and org_id = $1 order by id`,
            [tx.orgId],
          ),
        )
        const ranks = rows.map(({ to }) => RANK.indexOf(to))
        t.deepEqual(
          ranks,
          ranks.toSorted((a, b) => a - b),
          `${order}: ${rows.map(({ to }) => to)}`,
        )
        t.is(new Set(ranks).size, ranks.length, 'each is told once')
      }
    },
  )

  for (const early of [false, true])
    test.serial(
      `${profile}: who has seen a part of a reply ${early ? 'before the platform answered ' : ''}has seen those before it, not those after`,
      async (t) => {
        let tell: ((event: InboundEvent) => Promise<void>) | null = null
        const ids: string[] = []
        const network = aNetwork(async (_message, externalId) => {
          ids.push(externalId)
          if (early && ids.length === 2) await tell?.(seen(externalId))
          return { status: 'accepted', externalId }
        })
        const on = coreOn(db, { send: network.send })
        const inbox = await seedInbox(on.orm)
        const talk = await startTalk(on, inbox, 'ann')
        tell = (event) => on.core.receiveWebhooks([deliveryOf(inbox, [event])])
        await on.core.sendReply(inbox.actor, {
          ticketId: talk.ticketId,
          content: 'tents '.repeat(400),
          split: true,
          via: 'API',
        })
        await workOff(on)
        const statuses = async () => {
          const [message] = await repliesIn(on, talk)
          return [message?.status, ...(message?.parts ?? []).map(({ status }) => status)]
        }
        if (!early) await tell(seen(ids[1] ?? ''))
        t.deepEqual(await statuses(), ['SENT', 'READ', 'READ', 'SENT'])
        await tell(seen(ids[0] ?? ''))
        t.deepEqual(await statuses(), ['SENT', 'READ', 'READ', 'SENT'])
        await tell(seen(ids[2] ?? ''))
        t.deepEqual(await statuses(), ['READ', 'READ', 'READ', 'READ'])
      },
    )

  test.serial(
    `${profile}: a reply that was unsent before the platform answered shows nothing once it has`,
    async (t) => {
      const { message } = await replied((externalId, tell) => tell(anUnsend(externalId, soon())))
      t.like(message, { content: null })
      t.truthy(message?.deletedAt)
    },
  )

  test.serial(
    `${profile}: a reply that was edited before the platform answered has the new words once it has`,
    async (t) => {
      const { message } = await replied((externalId, tell) => tell(anEdit(externalId, 'Good evening', 1, soon())))
      t.like(message, { content: 'Good evening' })
      t.truthy(message?.editedAt)
    },
  )

  // proves: said.early
  test.serial(`${profile}: what was said of a reply before its echo proved it counts for it`, async (t) => {
    const { message } = await replied(async (externalId, tell, { person }) => {
      await tell(seen(externalId))
      await tell(anEdit(externalId, 'Good evening', 1, soon()))
      await tell(anEcho({ externalId, text: 'Good day', at: new Date(), thread: aThread(person) }))
    })
    t.like(message, { status: 'READ', content: 'Good evening' })
  })

  test.serial(
    `${profile}: a reaction to a reply is there, whether it came before or after the platform's answer`,
    async (t) => {
      const early = await replied((externalId, tell) => tell(loved(externalId)))
      t.like(early.message?.reactions[0], { emoji: '❤️', name: 'love', author: { type: 'CUSTOMER' } })
      const late = await replied(async () => {})
      await late.tell(loved(late.message?.externalId ?? ''))
      t.is((await repliesIn(late.on, late.talk))[0]?.reactions.length, 1)
    },
  )

  test.serial(
    `${profile}: a message that was seen makes all older ones of the account READ, and tells of each once`,
    async (t) => {
      const { on, talk, tell, message } = await replied(async () => {})
      await reply(on, talk, 'And one more')
      await workOff(on)
      const last = (await repliesIn(on, talk)).at(-1)
      await tell(seen(message?.externalId ?? ''))
      await tell(seen(last?.externalId ?? ''))
      await tell(seen(last?.externalId ?? ''))
      t.deepEqual(
        (await repliesIn(on, talk)).map(({ status }) => status),
        ['READ', 'READ'],
      )
      const told = await on.pool.query<{ resource_id: string }>(
        `select resource_id from event_log where type = 'message.status_changed' and org_id = $1 order by id`,
        [talk.inbox.orgId],
      )
      // QUEUED to SENDING, to SENT, to READ.
      t.is(told.rows.length, 6)
    },
  )
})
