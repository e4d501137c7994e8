import test from 'ava'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import { createMediaLinks } from '../../src/adapters/security/media-links.ts'
import type { PartContent } from '../../src/core/channel/outbound-content.ts'
import type { MessageId, PartId, UploadId } from '../../src/core/ids.ts'
import { type CoreOnDatabase, coreOn, realClock, seedInbox } from '../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { aNetwork, repliesIn, startTalk, type Talk, workOff } from '../support/replies.ts'
import { sampleFile } from '../support/sample-files.ts'
import { ids } from '../support/seed.ts'

const HOUR_MS = 3_600_000
const PUBLIC_URL = 'https://inbox.example'

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const program = (answers?: Parameters<typeof aNetwork>[0]) => {
    let aheadMs = 0
    const clock = { ...realClock, now: () => new Date(Date.now() + aheadMs) }
    const network = aNetwork(answers)
    const on = coreOn(db, { clock, send: network.send, publicUrl: PUBLIC_URL })
    const links = createMediaLinks(['a-secret-for-links'], PUBLIC_URL)
    return {
      on,
      network,
      clock,
      pass: (hours: number) => (aheadMs += hours * HOUR_MS),
      /** What the links of the messages that went out lead to now. */
      targets: () =>
        network.sent.map(({ message: { content } }) =>
          content.kind === 'ATTACHMENT'
            ? links.read(content.url.slice(`${PUBLIC_URL}/media/`.length), clock.now())
            : null,
        ),
    }
  }

  const upload = async ({ core }: CoreOnDatabase, { inbox }: Talk): Promise<UploadId> => {
    const body = (async function* () {
      yield sampleFile('jpeg', 100)
    })()
    return (await core.storeUpload(inbox.actor, { declaredType: null, declaredBytes: null, fileName: null, body })).id
  }

  /** As a reply that carries it is queued. */
  const queue = async ({ unitOfWork }: CoreOnDatabase, { inbox, ticketId }: Talk, content: PartContent, now: Date) => {
    const id = ids.next() as MessageId
    await unitOfWork.run(inbox.orgId, async ({ sends }) =>
      sends.enqueue({
        id,
        parts: [{ id: ids.next() as PartId, content }],
        target: await sends.target(ticketId),
        memberId: inbox.actor.memberId,
        via: 'API',
        clientMessageId: null,
        fingerprint: 'a test',
        replyToExternalId: null,
        requestId: 'a-request',
        now,
      }),
    )
    return id
  }

  // proves: out.upload
  test.serial(
    `${profile}: an upload goes out as a link to it, a new one for each attempt, good for an hour`,
    async (t) => {
      let calls = 0
      const { on, network, clock, pass, targets } = program((_, externalId) =>
        calls++ === 0
          ? { status: 'retry', afterMs: 0, pauses: 'message', detail: 'a test' }
          : { status: 'accepted', externalId },
      )
      const talk = await startTalk(on, await seedInbox(on.orm), 'ann')
      const uploadId = await upload(on, talk)
      await queue(on, talk, { kind: 'ATTACHMENT', type: 'IMAGE', uploadId }, clock.now())
      await workOff(on)
      pass(0.5)
      await on.pool.query(`update send_lanes set not_before = now() - interval '1 minute'`)
      await workOff(on)
      const target = { orgId: talk.inbox.orgId, uploadId }
      t.deepEqual(targets(), [target, target])
      const [first, second] = network.sent.map(({ message: { content } }) => content)
      t.notDeepEqual(first, second)
      pass(0.6)
      t.deepEqual(targets(), [null, target])
      pass(0.5)
      t.deepEqual(targets(), [null, null])
      t.like((await repliesIn(on, talk))[0], { status: 'SENT', attachments: [{ type: 'IMAGE', url: null }] })
    },
  )

  test.serial(
    `${profile}: a reply whose file is gone fails and says so, and does not hold the others back`,
    async (t) => {
      const { on, network, clock } = program()
      const talk = await startTalk(on, await seedInbox(on.orm), 'ben')
      const image = (uploadId: UploadId) =>
        queue(on, talk, { kind: 'ATTACHMENT', type: 'IMAGE', uploadId }, clock.now())
      const [deleted, expired] = [await upload(on, talk), await upload(on, talk)]
      await image(deleted)
      await image(expired)
      await queue(on, talk, { kind: 'TEXT', text: 'and some words', quickReplies: [] }, clock.now())
      await on.core.deleteUpload(talk.inbox.actor, deleted)
      await inOrganization(on.orm, talk.inbox.orgId, (tx) =>
        tx.affected('update uploads set expires_at = $3 where org_id = $1 and id = $2', [
          tx.orgId,
          expired,
          clock.now(),
        ]),
      )
      await workOff(on)
      t.deepEqual(
        (await repliesIn(on, talk)).map(({ status, failure }) => [status, failure?.code ?? null]),
        [
          ['FAILED', 'media-gone'],
          ['FAILED', 'media-gone'],
          ['SENT', null],
        ],
      )
      t.deepEqual(network.texts(), ['and some words'])
    },
  )
})
