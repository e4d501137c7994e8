import test from 'ava'
import { BUSY_PER_CHANNEL, BUSY_PER_ORGANIZATION } from '../../src/adapters/persistence/send-lanes.ts'
import type { ChannelId } from '../../src/core/ids.ts'
import { type CoreOnDatabase, coreOn, type Inbox, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { aNetwork, reply, startTalk, statusesIn, workOff } from '../support/replies.ts'
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
    `${profile}: who has a backlog takes turns: another organization's one reply, and another channel's, are next`,
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
      const free = (channelId: ChannelId) =>
        on.unitOfWork.run(noisy.orgId, async ({ sends }) => {
          const claim = held.find((one) => one.channelId === channelId)
          if (claim) await sends.release(claim)
        })
      // Later than all of that.
      const quiet = await seedInbox(on.orm)
      const talk = await startTalk(on, quiet, 'ann')
      await reply(on, talk, 'just one')
      const late = await anotherChannel(on, noisy)
      await waiting(on, late, 1)

      await free(noisy.channelId)
      const [first] = await on.sendLanes.claim(1, LEASE_MS)
      t.is(first?.orgId, quiet.orgId)
      const [second] = await on.sendLanes.claim(1, LEASE_MS)
      t.is(second?.channelId, late.channelId)
      await on.unitOfWork.run(quiet.orgId, async ({ sends }) => first && sends.release(first))
      await workOff(on)
      t.deepEqual(await statusesIn(on, talk), ['just one SENT'])
    },
  )
})
