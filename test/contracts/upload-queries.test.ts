import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { Orm } from '../../src/adapters/persistence/transaction.ts'
import { createUploadQueries } from '../../src/adapters/persistence/upload-queries.ts'
import type { OrgId, UploadId } from '../../src/core/ids.ts'
import type { UploadView } from '../../src/ports/upload-store.ts'
import { FakeUploads } from '../fakes/fake-uploads.ts'
import { onEachProfile, type TestDatabase, testDatabase } from '../support/database.ts'
import { ids, seedOrganization, unitOfWorkOn } from '../support/seed.ts'
import { uploadQueriesContract } from './upload-queries.contract.ts'

function handClock() {
  let now = Date.UTC(2026, 5, 1, 12)
  const pass = (ms: number) => {
    now += ms
  }
  return { now: () => new Date(now), pass }
}

uploadQueriesContract(test, {
  name: 'in memory',
  async make() {
    const { now, pass } = handClock()
    const uploads = new FakeUploads(now)
    const orgId = randomUUID() as OrgId
    return {
      uploads,
      orgId,
      now,
      pass,
      store: async (bytes, { finished, ...given }) => uploads.add(orgId, bytes, given, finished),
      remove: async (id) => uploads.remove(orgId, id),
    }
  },
})

onEachProfile((profile) => {
  let db: TestDatabase
  let orm: Orm
  test.before(async () => {
    db = await testDatabase(profile)
    orm = db.orm()
  })
  test.after.always(() => db.close())

  uploadQueriesContract(test, {
    name: `PostgreSQL (${profile})`,
    async make() {
      const { now, pass } = handClock()
      const { orgId, memberId } = await seedOrganization(orm)
      const unitOfWork = unitOfWorkOn(orm)
      return {
        uploads: createUploadQueries({ orm, clock: { now, monotonicMs: () => 0 } }),
        orgId,
        now,
        pass,
        store: (bytes, { chunkBytes, expiresAt, finished = true }) =>
          unitOfWork.run(orgId, async ({ uploads }) => {
            const view: UploadView = {
              id: ids.next() as UploadId,
              type: 'IMAGE',
              contentType: 'image/jpeg',
              fileName: 'photo.jpg',
              bytes: bytes.length,
              chunkBytes,
              createdAt: now(),
              expiresAt,
            }
            await uploads.begin(view, memberId)
            for (let position = 0; position * chunkBytes < bytes.length; position++)
              await uploads.append(
                view.id,
                position,
                bytes.subarray(position * chunkBytes, (position + 1) * chunkBytes),
              )
            if (finished) await uploads.finish(view)
            return view
          }),
        remove: (id) => unitOfWork.run(orgId, ({ uploads }) => uploads.remove(id)),
      }
    },
  })
})
