import test from 'ava'
import { createPostgresIntake, createPostgresSource } from '../../src/adapters/messaging/postgres-intake.ts'
import { createPostgresQueue } from '../../src/adapters/messaging/postgres-queue.ts'
import { BUSY_PER_CHANNEL, BUSY_PER_ORGANIZATION } from '../../src/adapters/persistence/send-lanes.ts'
import { lostWakeups, quietLog } from '../adapters/messaging/quiet.ts'
import { aChannel, aDelivery } from '../contracts/webhook-intake.contract.ts'
import { type CoreOnDatabase, coreOn, type Inbox, realClock, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { waitFor } from '../support/processes.ts'
import { aNetwork, pause, reply, startTalk, statusesIn, workOff } from '../support/replies.ts'
import { seedChannel } from '../support/seed.ts'

const LEASE_MS = 60_000

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  async function anotherChannel(on: CoreOnDatabase, inbox: Inbox): Promise<Inbox> {
    const account = `another ${Math.random()} of ${inbox.orgId}`
    return { ...inbox, account, channelId: await seedChannel(on.orm, inbox.orgId, { account, settings: { account } }) }
  }
  async function waiting(on: CoreOnDatabase, inbox: Inbox, count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const talk = await startTalk(on, inbox, `person-${index} of ${inbox.channelId}`)
      await reply(on, talk, 'waits')
    }
  }

  test.serial(
    `S111: ${profile}: who has a backlog takes turns: another organization's one reply, and another channel's, are next`,
    async (t) => {
      const on = coreOn(db, { send: aNetwork().send })
      const noisy = await seedInbox(on.orm)
      const channels = [
        noisy,
        await anotherChannel(on, noisy),
        await anotherChannel(on, noisy),
        await anotherChannel(on, noisy),
      ]
      for (const channel of channels) await waiting(on, channel, BUSY_PER_CHANNEL + 1)
      const held = await on.sendLanes.claim(100, LEASE_MS)
      t.is(held.length, BUSY_PER_ORGANIZATION)
      const shares = Map.groupBy(held, ({ channelId }) => channelId)
      t.deepEqual(
        [...shares.values()].map(({ length }) => length),
        channels.map(() => BUSY_PER_ORGANIZATION / channels.length),
        'its channels have the same share',
      )
      // Places that what is left of the backlog could have.
      await on.unitOfWork.run(noisy.orgId, async ({ sends }) => {
        for (const claim of shares.get(noisy.channelId)?.slice(0, 3) ?? []) await sends.release(claim)
      })
      // Later than all of that.
      const quiet = await seedInbox(on.orm)
      const talk = await startTalk(on, quiet, 'ann')
      await reply(on, talk, 'just one')
      const late = await anotherChannel(on, noisy)
      await waiting(on, late, 1)

      const [first] = await on.sendLanes.claim(1, LEASE_MS)
      t.is(first?.orgId, quiet.orgId)
      const [second] = await on.sendLanes.claim(1, LEASE_MS)
      t.is(second?.channelId, late.channelId)
      await on.unitOfWork.run(quiet.orgId, async ({ sends }) => first && sends.release(first))
      await workOff(on)
      t.deepEqual(await statusesIn(on, talk), ['just one SENT'])
    },
  )

  test.serial(
    `S111: ${profile}: behind one organization’s backlog of deliveries another one’s is in one of the first batches`,
    async (t) => {
      const queue = createPostgresQueue({
        pool: db.systemPool(),
        clock: realClock,
        log: quietLog,
        wakeups: lostWakeups,
      })
      const intake = createPostgresIntake({ queue })
      const noisy = aChannel()
      const channels = [noisy, ...Array.from({ length: 7 }, () => ({ ...aChannel(), orgId: noisy.orgId }))]
      for (let index = 0; index < 3_000; index += 500)
        await Promise.all(
          Array.from({ length: 500 }, (_, n) => intake.accept(aDelivery(channels[n % channels.length] ?? noisy))),
        )
      const quiet = aChannel()
      await intake.accept(aDelivery(quiet))
      const batches: string[] = []
      const source = createPostgresSource({ queue, wakeups: lostWakeups, log: quietLog })
      await source.start(
        async ([first]) => {
          batches.push(first?.orgId ?? '')
          await pause(20)
        },
        { concurrency: 4 },
      )
      await waitFor(() => batches.includes(quiet.orgId), 60_000)
      await source.stop()
      t.true(batches.indexOf(quiet.orgId) < 6, `the ${batches.indexOf(quiet.orgId) + 1}th of ${batches.length}`)
    },
  )
})
