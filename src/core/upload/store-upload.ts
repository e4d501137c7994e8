import type { CorePorts } from '../../ports/core-ports.ts'
import type { UploadView } from '../../ports/upload-store.ts'
import type { Actor } from '../actor.ts'
import { DomainError } from '../errors.ts'
import type { UploadId } from '../ids.ts'
import { notPublic } from '../network/public-url.ts'
import { checkLimits, limitsOf, type UploadFor } from './channel-limits.ts'
import { MAX_BYTES, MAX_UPLOAD_BYTES, tooLarge } from './file-kinds.ts'
import { fileNameFor } from './file-name.ts'
import { inChunks } from './in-chunks.ts'
import { kindOf } from './sniff.ts'

/** What one upload has in memory, and one row of the database. */
export const CHUNK_BYTES = 256 * 1024
const HOUR_MS = 3_600_000
/** Without being used in a message. */
export const KEPT_MS = 24 * HOUR_MS
/** One that was broken off. */
const UNFINISHED_MS = HOUR_MS / 2
/** Of one organization at once, so that nobody fills the disk for all. */
export const MAX_KEPT_BYTES = 2 * 1024 ** 3

export type StoreUploadInput = Readonly<{
  /** Null where the client leaves it to the bytes. */
  declaredType: string | null
  /** Null where the body tells only by ending. */
  declaredBytes: number | null
  fileName: string | null
  /** Whose limits hold besides those for all files. */
  goal?: UploadFor | null
  body: AsyncIterable<Uint8Array>
}>

/**
 * Stores a file piece by piece, each in a transaction of its own, so that neither a slow client nor a large file holds one
 * open or much memory. It is there for others once it is whole; what was broken off goes at once, or by housekeeping.
 */
export const storeUpload =
  (ports: CorePorts) =>
  async (actor: Actor, input: StoreUploadInput): Promise<UploadView> => {
    const { clock, ids, log, settings, unitOfWork } = ports
    const { declaredType, declaredBytes, fileName, goal = null, body } = input
    requirePublicUrl(settings.publicUrl)
    const limits = await limitsOf(ports, actor, goal)
    if (declaredBytes !== null && declaredBytes > MAX_UPLOAD_BYTES) throw tooLarge(MAX_UPLOAD_BYTES)
    const id = ids.next() as UploadId
    const run = <T>(work: Parameters<typeof unitOfWork.run<T>>[1]) => unitOfWork.run(actor.orgId, work)

    let upload: UploadView | null = null
    let position = 0
    let bytes = 0
    try {
      for await (const chunk of inChunks(body, CHUNK_BYTES)) {
        const now = clock.now()
        const begun = upload
        const next: UploadView = begun ?? {
          ...described(chunk, declaredType, fileName),
          id,
          bytes: 0,
          chunkBytes: CHUNK_BYTES,
          createdAt: now,
          expiresAt: new Date(now.getTime() + UNFINISHED_MS),
        }
        bytes += chunk.length
        const maxBytes = MAX_BYTES[next.type]
        const atLeast = Math.max(bytes, declaredBytes ?? 0)
        if (atLeast > maxBytes) throw tooLarge(maxBytes, `A file of type ${next.type}`)
        checkLimits(limits, next, atLeast)
        await run(async ({ uploads }) => {
          if (begun === null) {
            if ((await uploads.keptBytes()) > MAX_KEPT_BYTES) throw new DomainError('upload-quota-reached', QUOTA)
            await uploads.begin(next, actor.memberId)
          }
          await uploads.append(id, position, chunk)
        })
        upload = next
        position++
      }
      if (upload === null) throw new DomainError('attachment-empty', 'The body has no bytes.')
      const whole = { ...upload, bytes, expiresAt: new Date(clock.now().getTime() + KEPT_MS) }
      await run(({ uploads }) => uploads.finish(whole))
      return whole
    } catch (error) {
      if (upload !== null)
        await run(({ uploads }) => uploads.remove(id)).catch((err: unknown) =>
          log.warn({ err, requestId: actor.requestId }, 'an unfinished upload was left for housekeeping'),
        )
      throw error
    }
  }

const QUOTA = `The attachments that are kept have more than ${MAX_KEPT_BYTES} bytes. They go by themselves, or delete some.`

function described(head: Uint8Array, declaredType: string | null, fileName: string | null) {
  const kind = kindOf(head, declaredType)
  return { type: kind.type, contentType: kind.contentType, fileName: fileNameFor(fileName, kind) }
}

/** Platforms fetch what they are to deliver: better refused now than when the customer waits for it. */
function requirePublicUrl(publicUrl: string): void {
  const problem = notPublic(publicUrl)
  if (problem === null) return
  throw new DomainError(
    'public-url-required',
    `The platform fetches attachments from this server, and cannot reach PUBLIC_URL: ${problem}. Set PUBLIC_URL to the https address under which the internet reaches it, https://inbox.example.com for example.`,
  )
}
