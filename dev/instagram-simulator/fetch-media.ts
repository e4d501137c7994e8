import { createHash } from 'node:crypto'
import type { GraphError } from './graph-errors.ts'
import type { PhoneAttachment } from './types.ts'

/** Where public addresses lead to here: `{ 'https://inbox.example': 'http://127.0.0.1:3001' }`. */
export type Reach = Readonly<Record<string, string>>

const MEGABYTE = 1024 * 1024
const TIMEOUT_MS = 10_000

/** What each type may be (Meta, Instagram messaging, "Send a message"). */
const TAKEN: Readonly<Record<string, Readonly<{ types: RegExp; maxBytes: number }>>> = {
  image: { types: /^image\/(png|jpeg|gif)$/, maxBytes: 8 * MEGABYTE },
  audio: { types: /^(audio\/(aac|mp4|x-m4a|wav|x-wav)|video\/mp4)$/, maxBytes: 25 * MEGABYTE },
  video: { types: /^video\/(mp4|ogg|x-msvideo|quicktime|webm)$/, maxBytes: 25 * MEGABYTE },
  file: { types: /^application\/pdf$/, maxBytes: 25 * MEGABYTE },
}

/** Meta fetches what is to be delivered, before it answers the send; what it got, or why the send is refused. */
export async function fetchMedia(attachment: PhoneAttachment, reach: Reach): Promise<PhoneAttachment | GraphError> {
  const taken = TAKEN[attachment.type]
  if (!taken || attachment.url === null) return attachment
  const url = reachable(attachment.url, reach)
  const response = url === null ? null : await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => null)
  if (!response?.ok) {
    await response?.body?.cancel()
    return { code: 100, subcode: 2018008 }
  }
  const contentType = response.headers.get('content-type')?.split(';', 1)[0] ?? ''
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of response.body ?? []) {
    bytes += piece.length
    if (bytes > taken.maxBytes) return { code: 100, subcode: 2018109 }
    hash.update(piece)
  }
  if (!taken.types.test(contentType)) return { code: 100, subcode: 2018047 }
  return { ...attachment, fetched: { contentType, bytes, sha256: hash.digest('hex') } }
}

/** Only https, and only what the map leads to: this machine has no way to the open internet. */
function reachable(url: string, reach: Reach): string | null {
  const base = Object.keys(reach).find((one) => one.startsWith('https://') && url.startsWith(`${one}/`))
  return base === undefined ? null : `${reach[base]}${url.slice(base.length)}`
}
