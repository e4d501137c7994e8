import { createHmac } from 'node:crypto'
import test from 'ava'
import { createInstagramChannel } from '../../../src/adapters/instagram/channel.ts'
import { acceptWebhook } from '../../../src/core/channel/accept-webhook.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { AppDelivery, RawDelivery } from '../../../src/ports/webhook-intake.ts'
import { type CoreOnDatabase, coreOn, type Inbox, realClock, seedInbox } from '../../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { inboxState } from '../../support/inbox-state.ts'
import { ids } from '../../support/seed.ts'

const OFF_MS = 10 * 60_000
const SECRET = 'the secret of the app'
const MESSAGES = 6

const clockOff = (byMs: number): Clock => ({ ...realClock, now: () => new Date(Date.now() + byMs) })

const instagram = createInstagramChannel(
  { graphUrl: 'http://127.0.0.1:9', facebookGraphUrl: 'http://127.0.0.1:9', graphVersion: 'v26.0' },
  { fetch },
)

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  /** What an api process with that clock takes of a signed body. */
  async function taken({ orgId, channelId }: Inbox, clock: Clock, body: Buffer) {
    const accepted: RawDelivery[] = []
    const channel = {
      id: channelId,
      orgId,
      type: 'INSTAGRAM',
      status: 'ACTIVE',
      aliases: [],
      verifyTokens: [],
    } as const
    const { status } = await acceptWebhook({
      channelDirectory: {
        find: async () => ({ ...channel, account: '' as never, webhookSecrets: [SECRET] }),
        count: () => {},
      },
      channelRegistry: { types: ['INSTAGRAM'], get: () => instagram },
      clock,
      ids,
      intake: { accept: async (delivery: RawDelivery | AppDelivery) => void accepted.push(delivery as RawDelivery) },
      settings: { allowUnverifiedWebhooks: false },
    })({
      channelId,
      body,
      headers: { 'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` },
      isLocal: false,
      requestId: 'a-test',
    })
    return { status, accepted }
  }

  const bodyOf = (account: string, index: number, at: number): Buffer =>
    Buffer.from(
      JSON.stringify({
        object: 'instagram',
        entry: [
          {
            id: account,
            time: at,
            messaging: [
              {
                sender: { id: '2100000000000345' },
                recipient: { id: account },
                timestamp: at + index,
                message: { mid: `m${index}`, text: `message ${index}` },
              },
            ],
          },
        ],
      }),
    )

  test.serial(
    `A19: ${profile}: processes whose clocks are ten minutes off refuse nothing, and what they store is as if all were right`,
    async (t) => {
      const readers = coreOn(db, { parser: instagram.parser })
      const at = Date.now()
      const processes = (offs: readonly number[]): readonly CoreOnDatabase[] =>
        offs.map((off) => coreOn(db, { beside: readers, parser: instagram.parser, clock: clockOff(off) }))

      async function inboxBy(offs: readonly number[]) {
        const inbox = await seedInbox(readers.orm)
        const workers = processes(offs)
        for (let index = 0; index < MESSAGES; index++) {
          const off = offs[index % offs.length] ?? 0
          const { status, accepted } = await taken(inbox, clockOff(off), bodyOf(inbox.account, index, at))
          t.is(status, 'accepted')
          await workers[(index + 1) % workers.length]?.core.receiveWebhooks(accepted)
        }
        return inboxState(readers.queries, inbox.orgId)
      }
      const right = await inboxBy([0])
      t.is(right.threads[0]?.messages.length, MESSAGES)
      t.deepEqual(await inboxBy([-OFF_MS, OFF_MS, 0]), right)
    },
  )
})
