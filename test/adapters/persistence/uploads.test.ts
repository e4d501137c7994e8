import test from 'ava'
import { createHousekeeping } from '../../../src/adapters/persistence/housekeeping.ts'
import { inOrganization } from '../../../src/adapters/persistence/transaction.ts'
import { createUploadQueries } from '../../../src/adapters/persistence/upload-queries.ts'
import type { UploadId } from '../../../src/core/ids.ts'
import { CHUNK_BYTES } from '../../../src/core/upload/store-upload.ts'
import type { UploadView } from '../../../src/ports/upload-store.ts'
import { coreOn, type Inbox, realClock, seedInbox } from '../../support/core-on-database.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../../support/database.ts'
import { sampleFile } from '../../support/sample-files.ts'

const HOUR_MS = 3_600_000

/** As a network gives it: in pieces of no particular size. */
async function* inPieces(bytes: Uint8Array, size = 70_001) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

onEachProfile((profile) => {
  let db: TestDatabase
  test.before(async () => {
    db = await testDatabase(profile)
  })
  test.after.always(() => db.close())

  const program = () => {
    let aheadMs = 0
    const clock = { ...realClock, now: () => new Date(Date.now() + aheadMs) }
    const on = coreOn(db, { clock, publicUrl: 'https://inbox.example' })
    const uploads = createUploadQueries({ orm: on.orm, clock })
    const store = ({ actor }: Inbox, body: AsyncIterable<Uint8Array>, given = {}) =>
      on.core.storeUpload(actor, { declaredType: null, declaredBytes: null, fileName: null, body, ...given })
    const read = async ({ orgId }: Inbox, { id }: UploadView) => {
      const pieces: Uint8Array[] = []
      for (let at = 0; ; at++) {
        const piece = await uploads.chunk(orgId, id, at)
        if (piece === null) return Buffer.concat(pieces)
        pieces.push(piece)
      }
    }
    const rows = ({ orgId }: Inbox) =>
      inOrganization(on.orm, orgId, async (tx) => {
        const [row] = await tx.rows<{ uploads: number; chunks: number }>(
          'select (select count(*)::int from uploads) as uploads, (select count(*)::int from upload_chunks) as chunks',
        )
        return row
      })
    return { on, uploads, store, read, rows, pass: (hours: number) => (aheadMs += hours * HOUR_MS), clock }
  }

  test.serial(`${profile}: a file comes back byte for byte, also one of many pieces`, async (t) => {
    const { on, uploads, store, read, rows } = program()
    const inbox = await seedInbox(on.orm)
    for (const bytes of [30, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES - 1]) {
      const file = sampleFile('jpeg', bytes)
      const upload = await store(inbox, inPieces(file), { fileName: 'tent.jpg' })
      t.like(upload, { type: 'IMAGE', contentType: 'image/jpeg', fileName: 'tent.jpg', bytes })
      t.like(await uploads.upload(inbox.orgId, upload.id), { ...upload })
      t.true(file.equals(await read(inbox, upload)))
    }
    t.deepEqual(await rows(inbox), { uploads: 4, chunks: 7 })
  })

  test.serial(`${profile}: another organization's file is not there`, async (t) => {
    const { on, uploads, store } = program()
    const [inbox, other] = [await seedInbox(on.orm), await seedInbox(on.orm)]
    const { id } = await store(inbox, inPieces(sampleFile('pdf', 100)))
    t.is(await uploads.upload(other.orgId, id), null)
    t.is(await uploads.chunk(other.orgId, id, 0), null)
    await t.throwsAsync(on.core.deleteUpload(other.actor, id), { message: /no such attachment/ })
    t.truthy(await uploads.upload(inbox.orgId, id))
    await on.core.deleteUpload(inbox.actor, id)
    t.is(await uploads.upload(inbox.orgId, id), null)
    await t.throwsAsync(on.core.deleteUpload(inbox.actor, 'no id' as UploadId), { message: /no such attachment/ })
  })

  test.serial(`${profile}: nothing is left of a file that is too large, unknown, empty or broken off`, async (t) => {
    const { on, store, rows } = program()
    const inbox = await seedInbox(on.orm)
    const megabytes = (count: number) => count * 1024 * 1024
    const refused = async (body: AsyncIterable<Uint8Array>, code: string, given = {}) =>
      t.like(await t.throwsAsync(store(inbox, body, given)), { code })
    await refused(inPieces(sampleFile('png', megabytes(8) + 1)), 'payload-too-large')
    await refused(inPieces(sampleFile('mp4', 100)), 'payload-too-large', { declaredBytes: megabytes(25) + 1 })
    await refused(inPieces(sampleFile('png', 100)), 'payload-too-large', { declaredBytes: megabytes(8) + 1 })
    for (const format of ['svg', 'html', 'zip'] as const)
      await refused(inPieces(sampleFile(format, 5_000)), 'attachment-unsupported')
    await refused(inPieces(sampleFile('png', 5_000)), 'attachment-unsupported', { declaredType: 'image/jpeg' })
    await refused(inPieces(Buffer.alloc(0)), 'attachment-empty')
    const broken = async function* () {
      yield sampleFile('jpeg', 2 * CHUNK_BYTES)
      throw new Error('the client is gone')
    }
    await t.throwsAsync(store(inbox, broken()), { message: 'the client is gone' })
    t.deepEqual(await rows(inbox), { uploads: 0, chunks: 0 })
  })

  test.serial(
    `${profile}: without a public address nothing is read or stored, and the answer says what to set`,
    async (t) => {
      const on = coreOn(db, { publicUrl: 'http://localhost:3001' })
      const inbox = await seedInbox(on.orm)
      let read = 0
      const body = async function* () {
        read++
        yield sampleFile('jpeg', 100)
      }
      const upload = { declaredType: null, declaredBytes: null, fileName: null, body: body() }
      const error = await t.throwsAsync(on.core.storeUpload(inbox.actor, upload))
      t.like(error, { code: 'public-url-required' })
      t.regex(error?.message ?? '', /Set PUBLIC_URL to the https address/)
      t.is(read, 0)
    },
  )

  test.serial(`${profile}: after a day a file is gone, and housekeeping takes its bytes`, async (t) => {
    const { on, uploads, store, rows, pass, clock } = program()
    const inbox = await seedInbox(on.orm)
    const { id } = await store(inbox, inPieces(sampleFile('jpeg', 2 * CHUNK_BYTES)))
    const housekeeping = createHousekeeping(on.pool)
    pass(23)
    t.truthy(await uploads.upload(inbox.orgId, id))
    await housekeeping.forgetUploads(clock.now())
    t.deepEqual(await rows(inbox), { uploads: 1, chunks: 2 })
    pass(1)
    t.is(await uploads.upload(inbox.orgId, id), null)
    t.true((await housekeeping.forgetUploads(clock.now())) >= 1)
    t.deepEqual(await rows(inbox), { uploads: 0, chunks: 0 })
  })

  test.serial(`${profile}: an organization can keep 2 GiB and no more, whatever others keep`, async (t) => {
    const { on, store } = program()
    const [inbox, other] = [await seedInbox(on.orm), await seedInbox(on.orm)]
    const { id } = await store(inbox, inPieces(sampleFile('jpeg', 100)))
    await inOrganization(on.orm, inbox.orgId, (tx) =>
      tx.affected('update uploads set bytes = 2147483647 where org_id = $1 and id = $2', [tx.orgId, id]),
    )
    await store(inbox, inPieces(sampleFile('jpeg', 100)))
    t.like(await t.throwsAsync(store(inbox, inPieces(sampleFile('jpeg', 100)))), { code: 'upload-quota-reached' })
    await t.notThrowsAsync(store(other, inPieces(sampleFile('jpeg', 100))))
  })
})
