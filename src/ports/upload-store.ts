import type { MemberId, MessageId, OrgId, UploadId } from '../core/ids.ts'
import type { FileType } from '../core/upload/file-kinds.ts'

/** A file that a member gave us to send. */
export type UploadView = Readonly<{
  id: UploadId
  type: FileType
  contentType: string
  fileName: string
  bytes: number
  /** The size of its pieces, but for the last. */
  chunkBytes: number
  createdAt: Date
  expiresAt: Date
}>

/** Uploads of one organization, inside a unit of work. */
export interface UploadStore {
  /** Of all that are kept, finished or not. */
  keptBytes(): Promise<number>
  /** Nobody sees it before it is finished. */
  begin(upload: UploadView, memberId: MemberId): Promise<void>
  /** Pieces are numbered from 0. Throws `NotFound` where the upload is gone. */
  append(id: UploadId, position: number, bytes: Uint8Array): Promise<void>
  /** Sets its size and time; throws `NotFound` where it is gone. */
  finish(upload: UploadView): Promise<void>
  /** Finished ones that are not past their time are kept until then at least; null for all others. */
  keep(id: UploadId, now: Date, until: Date): Promise<UploadView | null>
  /** Those of the message's that are still there, as `keep`. */
  keepOf(messageId: MessageId, now: Date, until: Date): Promise<void>
  /** What went out is needed by nobody: it goes at its first time, but not before `until`. Not while another message needs it. */
  release(id: UploadId, until: Date): Promise<void>
  /** False where there was none. */
  remove(id: UploadId): Promise<boolean>
}

/** Each call is a read of its own, so that who reads slowly holds nothing. Ids that are not UUIDs are never found. */
export interface UploadQueries {
  /** Finished, and not past its time. */
  upload(orgId: OrgId, id: UploadId): Promise<UploadView | null>
  /** Null behind the last, and where it is gone; one whose time ends meanwhile can be read to its end. */
  chunk(orgId: OrgId, id: UploadId, position: number): Promise<Uint8Array | null>
}
