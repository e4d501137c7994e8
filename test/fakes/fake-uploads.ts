import { randomUUID } from 'node:crypto'
import type { OrgId, UploadId } from '../../src/core/ids.ts'
import type { UploadQueries, UploadView } from '../../src/ports/upload-store.ts'

type Kept = Readonly<{ orgId: OrgId; view: UploadView; bytes: Uint8Array; finished: boolean }>

/** Uploads of every organization; each question sees those of one. */
export class FakeUploads implements UploadQueries {
  readonly kept: Kept[] = []
  readonly #now: () => Date

  constructor(now: () => Date = () => new Date()) {
    this.#now = now
  }

  add(orgId: OrgId, bytes: Uint8Array, given: Partial<UploadView> = {}, finished = true): UploadView {
    const view: UploadView = {
      id: randomUUID() as UploadId,
      type: 'IMAGE',
      contentType: 'image/jpeg',
      fileName: 'photo.jpg',
      bytes: bytes.length,
      chunkBytes: 4,
      createdAt: this.#now(),
      expiresAt: new Date(this.#now().getTime() + 3_600_000),
      ...given,
    }
    this.kept.push({ orgId, view, bytes, finished })
    return view
  }

  remove(orgId: OrgId, id: UploadId): boolean {
    const at = this.kept.findIndex((one) => one.orgId === orgId && one.view.id === id)
    if (at >= 0) this.kept.splice(at, 1)
    return at >= 0
  }

  upload: UploadQueries['upload'] = async (orgId, id) => {
    const found = this.#find(orgId, id)
    return found?.finished && found.view.expiresAt > this.#now() ? found.view : null
  }

  chunk: UploadQueries['chunk'] = async (orgId, id, position) => {
    const found = this.#find(orgId, id)
    const size = found?.view.chunkBytes ?? 1
    const chunk = found?.bytes.subarray(position * size, (position + 1) * size)
    return chunk && chunk.length > 0 ? chunk : null
  }

  #find(orgId: OrgId, id: UploadId): Kept | undefined {
    return this.kept.find((one) => one.orgId === orgId && one.view.id === id)
  }
}
