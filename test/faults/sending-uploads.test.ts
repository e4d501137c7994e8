import test from 'ava'
import { inOrganization } from '../../src/adapters/persistence/transaction.ts'
import { createMediaLinks } from '../../src/adapters/security/media-links.ts'
import type { PartContent } from '../../src/core/channel/outbound-content.ts'
import type { MessageId, PartId, UploadId } from '../../src/core/ids.ts'
import type { GuardedAnswer } from '../../src/ports/guarded-client.ts'
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
        target: await sends.target(ticketId, 'PRIVATE'),
        memberId: inbox.actor.memberId,
        via: 'API',
        audience: 'PRIVATE',
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

  const expiresAt = async ({ pool }: CoreOnDatabase, id: UploadId) =>
    (await pool.query<{ expires_at: Date }>('select expires_at from uploads where id = $1', [id])).rows[0]?.expires_at
  const hoursLeft = async (on: CoreOnDatabase, id: UploadId, now: Date) =>
    Math.round((((await expiresAt(on, id)) ?? now).getTime() - now.getTime()) / HOUR_MS)

  test.serial(
    `${profile}: a file is kept for a week while a message waits for it, and not longer once it went out`,
    async (t) => {
      const { on, clock, pass } = program()
      const talk = await startTalk(on, await seedInbox(on.orm), 'eve')
      const id = await upload(on, talk)
      const send = () =>
        on.core.sendReply(talk.inbox.actor, {
          ticketId: talk.ticketId,
          attachments: [{ attachmentId: id }],
          via: 'API',
        })
      await send()
      t.is(await hoursLeft(on, id, clock.now()), 7 * 24)
      await send()
      // One of the two is out, the other still needs it.
      const [one] = await on.core.deliverDue(1, new AbortController().signal)
      await one
      t.is(await hoursLeft(on, id, clock.now()), 7 * 24)
      pass(23.5)
      await workOff(on)
      t.deepEqual(
        (await repliesIn(on, talk)).map(({ status }) => status),
        ['SENT', 'SENT'],
      )
      // A day after it was uploaded, but not before the link that was given out is over.
      t.is(await hoursLeft(on, id, clock.now()), 1)
    },
  )

  test.serial(`${profile}: trying a reply again keeps its file for another week`, async (t) => {
    const refusal = { code: 'recipient-unavailable', detail: 'a test', platformCode: '551' } as const
    const { on, clock, pass } = program(() => ({ status: 'refused', ...refusal }))
    const talk = await startTalk(on, await seedInbox(on.orm), 'fay')
    const id = await upload(on, talk)
    const { messageId } = await on.core.sendReply(talk.inbox.actor, {
      ticketId: talk.ticketId,
      attachments: [{ attachmentId: id }],
      via: 'API',
    })
    await workOff(on)
    t.is((await repliesIn(on, talk))[0]?.status, 'FAILED')
    pass(20)
    t.is(await hoursLeft(on, id, clock.now()), 7 * 24 - 20)
    await on.core.retryMessage(talk.inbox.actor, { ticketId: talk.ticketId, messageId })
    t.is(await hoursLeft(on, id, clock.now()), 7 * 24)
    await workOff(on)
  })

  test.serial(`${profile}: a reply names an upload of its own organization, and no other`, async (t) => {
    const { on, network, targets } = program()
    const talk = await startTalk(on, await seedInbox(on.orm), 'cleo')
    const stranger = await startTalk(on, await seedInbox(on.orm), 'dan')
    const send = (attachmentId: UploadId) =>
      on.core.sendReply(talk.inbox.actor, { ticketId: talk.ticketId, attachments: [{ attachmentId }], via: 'API' })
    const own = await upload(on, talk)
    await send(own)
    await workOff(on)
    t.deepEqual(targets(), [{ orgId: talk.inbox.orgId, uploadId: own }])
    const theirs = await t.throwsAsync(send(await upload(on, stranger)))
    const never = await t.throwsAsync(send(ids.next() as UploadId))
    t.like(theirs, { code: 'not-found', message: never?.message ?? '' })
    t.is(network.sent.length, 1)
  })

  test.serial(
    `${profile}: what a server says of a file is believed where it is plain, before anything is stored`,
    async (t) => {
      const tell = (contentType: string, bytes: number) => ({
        status: 'answered' as const,
        code: 200,
        headers: { 'content-type': contentType, 'content-length': String(bytes) },
        body: new Uint8Array(),
        isCut: false,
      })
      const answers: Record<string, GuardedAnswer> = {
        'https://files.example/photo': tell('image/jpeg', 1_000),
        'https://files.example/page': tell('text/html', 1_000),
        'https://files.example/large': tell('image/png', 9_000_000),
        'https://files.example/inside': { status: 'refused', reason: 'it leads to a private or special address' },
      }
      const silent: GuardedAnswer = { status: 'failed', detail: 'no answer in time', mayHaveArrived: false }
      const on = coreOn(db, { guardedClient: { request: async ({ url }) => answers[url] ?? silent } })
      const talk = await startTalk(on, await seedInbox(on.orm), 'eve')
      const send = (...urls: string[]) =>
        on.core.sendReply(talk.inbox.actor, {
          ticketId: talk.ticketId,
          attachments: urls.map((name) => ({ type: 'IMAGE', url: `https://files.example/${name}` })),
          via: 'API',
        })
      t.like(await t.throwsAsync(send('page')), { code: 'attachment-unsupported' })
      t.like(await t.throwsAsync(send('photo', 'large')), {
        code: 'attachment-too-large',
        errors: [
          {
            in: 'body',
            pointer: '/attachments/1/url',
            code: 'attachment-too-large',
            detail: '9000000 bytes, at most 8388608',
          },
        ],
      })
      t.like(await t.throwsAsync(send('inside')), { code: 'url-not-allowed' })
      t.deepEqual(await repliesIn(on, talk), [])
      await send('photo', 'silent')
      t.is((await repliesIn(on, talk)).length, 1)
    },
  )
})
