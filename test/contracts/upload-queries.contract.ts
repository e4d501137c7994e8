import { deepStrictEqual } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TestFn } from 'ava'
import * as fc from 'fast-check'
import type { OrgId, UploadId } from '../../src/core/ids.ts'
import type { UploadQueries, UploadView } from '../../src/ports/upload-store.ts'

/** An organization, a clock that is moved by hand, and ways to fill it. */
export type UploadsUnderTest = Readonly<{
  uploads: UploadQueries
  orgId: OrgId
  now(): Date
  pass(ms: number): void
  /** Stored in pieces of that size; an unfinished one has all of its pieces, and nobody has said that they are all. */
  store(
    bytes: Uint8Array,
    of: Readonly<{ chunkBytes: number; expiresAt: Date; finished?: boolean }>,
  ): Promise<UploadView>
  remove(id: UploadId): Promise<boolean>
}>

export type UploadQueriesKit = Readonly<{ name: string; make(): Promise<UploadsUnderTest> }>

const HOUR_MS = 3_600_000
const RUNS = 25
const HELLO = Buffer.from('hello')

/** What everything that uploads are read from keeps. */
export function uploadQueriesContract(test: TestFn, { name, make }: UploadQueriesKit): void {
  const inAnHour = ({ now }: UploadsUnderTest) => new Date(now().getTime() + HOUR_MS)

  test(`${name}: a file is its pieces in order, each full but the last, and nothing behind it`, async (t) => {
    const one = await make()
    const { uploads, orgId } = one
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        async (bytes, chunkBytes) => {
          const stored = await one.store(bytes, { chunkBytes, expiresAt: inAnHour(one) })
          deepStrictEqual(stored.bytes, bytes.length)
          deepStrictEqual(await uploads.upload(orgId, stored.id), stored)
          const pieces = Math.ceil(bytes.length / chunkBytes)
          for (let position = 0; position < pieces; position++) {
            const piece = await uploads.chunk(orgId, stored.id, position)
            const expected = bytes.subarray(position * chunkBytes, (position + 1) * chunkBytes)
            deepStrictEqual(piece && [...piece], [...expected])
          }
          deepStrictEqual(await uploads.chunk(orgId, stored.id, pieces), null)
        },
      ),
      { numRuns: RUNS },
    )
    t.pass()
  })

  test(`${name}: another organization's file is not there, nor one that never was`, async (t) => {
    const [one, other] = [await make(), await make()]
    const mine = await one.store(HELLO, { chunkBytes: 4, expiresAt: inAnHour(one) })
    const seen = async (uploads: UploadQueries, orgId: OrgId, id: UploadId) => [
      (await uploads.upload(orgId, id))?.id ?? null,
      await uploads.chunk(orgId, id, 0).then((piece) => piece && Buffer.from(piece).toString()),
    ]
    t.deepEqual(await seen(one.uploads, one.orgId, mine.id), [mine.id, 'hell'])
    t.deepEqual(await seen(one.uploads, other.orgId, mine.id), [null, null])
    t.deepEqual(await seen(other.uploads, other.orgId, mine.id), [null, null])
    for (const id of [randomUUID(), 'no id', ''])
      t.deepEqual(await seen(one.uploads, one.orgId, id as UploadId), [null, null])
    t.deepEqual(await seen(one.uploads, 'no id' as OrgId, mine.id), [null, null])
  })

  test(`${name}: nobody sees a file before it is finished`, async (t) => {
    const one = await make()
    const { id } = await one.store(HELLO, { chunkBytes: 4, expiresAt: inAnHour(one), finished: false })
    t.is(await one.uploads.upload(one.orgId, id), null)
  })

  test(`${name}: a file is there until its time, and who is reading it then gets the rest`, async (t) => {
    const one = await make()
    const { uploads, orgId } = one
    const { id } = await one.store(HELLO, { chunkBytes: 4, expiresAt: inAnHour(one) })
    one.pass(HOUR_MS - 1)
    t.is((await uploads.upload(orgId, id))?.id, id)
    one.pass(1)
    t.is(await uploads.upload(orgId, id), null)
    t.is(Buffer.from((await uploads.chunk(orgId, id, 1)) ?? []).toString(), 'o')
  })

  test(`${name}: of a file that is removed nothing is left, and the others stay`, async (t) => {
    const one = await make()
    const { uploads, orgId } = one
    const [gone, kept] = [
      await one.store(HELLO, { chunkBytes: 4, expiresAt: inAnHour(one) }),
      await one.store(HELLO, { chunkBytes: 4, expiresAt: inAnHour(one) }),
    ]
    t.true(await one.remove(gone.id))
    t.is(await uploads.upload(orgId, gone.id), null)
    t.is(await uploads.chunk(orgId, gone.id, 0), null)
    t.is((await uploads.upload(orgId, kept.id))?.id, kept.id)
    t.false(await one.remove(gone.id))
    t.false(await one.remove('no id' as UploadId))
  })
}
