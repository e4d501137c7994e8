import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { OrgId, UploadId } from '../../core/ids.ts'
import type { MediaLinks } from '../../ports/media-links.ts'

const LABEL = 'delightchat media link 1'
const UUID_BYTES = 16
const PAYLOAD_BYTES = 2 * UUID_BYTES + 4
const SEAL_BYTES = 32

/**
 * A token is base64url(organization, upload, expiry in seconds, HMAC-SHA256 of these): nothing is stored, and nothing can be
 * guessed. The keys are derived, so that a link tells nothing about the secrets that sign sessions.
 */
export function createMediaLinks(secrets: readonly string[], publicUrl: string): MediaLinks {
  if (secrets.includes('')) throw new Error('SESSION_SECRET is empty: there is nothing to seal a link with')
  const keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', LABEL, 32)))
  const seal = (key: Buffer, payload: Buffer) => createHmac('sha256', key).update(payload).digest()
  return {
    linkTo({ orgId, uploadId }, expiresAt) {
      const [key] = keys
      if (!key) throw new Error('there is no SESSION_SECRET to sign a link with')
      const payload = Buffer.alloc(PAYLOAD_BYTES)
      bytesOf(orgId).copy(payload)
      bytesOf(uploadId).copy(payload, UUID_BYTES)
      payload.writeUInt32BE(Math.floor(expiresAt.getTime() / 1000), 2 * UUID_BYTES)
      return `${publicUrl}/media/${Buffer.concat([payload, seal(key, payload)]).toString('base64url')}`
    },
    read(token, now) {
      const given = Buffer.from(token, 'base64url')
      // Compared as text too: base64 has several spellings of the same bytes.
      if (given.length !== PAYLOAD_BYTES + SEAL_BYTES || given.toString('base64url') !== token) return null
      const payload = given.subarray(0, PAYLOAD_BYTES)
      const sealed = given.subarray(PAYLOAD_BYTES)
      if (!keys.some((key) => timingSafeEqual(sealed, seal(key, payload)))) return null
      if (payload.readUInt32BE(2 * UUID_BYTES) * 1000 <= now.getTime()) return null
      return { orgId: uuidAt(payload, 0) as OrgId, uploadId: uuidAt(payload, UUID_BYTES) as UploadId }
    },
  }
}

const bytesOf = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex')

const uuidAt = (bytes: Buffer, at: number): string =>
  bytes.toString('hex', at, at + UUID_BYTES).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
