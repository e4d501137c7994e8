import type { OrgId, UploadId } from '../core/ids.ts'

export type MediaTarget = Readonly<{ orgId: OrgId; uploadId: UploadId }>

/** Links under which an upload can be fetched without a session, for a while: whoever has one may read the file. */
export interface MediaLinks {
  /** Below PUBLIC_URL. Never logged. */
  linkTo(target: MediaTarget, expiresAt: Date): string
  /** What a link's last part names; null for one that is not ours, was changed, or is past its time. */
  read(token: string, now: Date): MediaTarget | null
}
