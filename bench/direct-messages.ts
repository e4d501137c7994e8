import { randomBytes } from 'node:crypto'
import { messagingBody, messagingItem, signatureHeaders, toWire } from '../dev/instagram-simulator/index.ts'
import type { Shop } from './seed.ts'

/** As long as the platform's own. */
export const newMessageId = (): string => `aWdfZAG1faXRlbToxOkl${randomBytes(75).toString('base64url')}`

export const personOf = (number: number): string => `6200000000${String(number).padStart(6, '0')}`

export type WebhookDelivery = Readonly<{ path: string; headers: Readonly<Record<string, string>>; body: Buffer }>

/** What the platform posts for one short text, about 478 bytes. */
export function directMessage(shop: Shop, person: string, at: Date, messageId = newMessageId()): Buffer {
  const text =
    'Hello! Is the blue one from your story of this morning still there in size M, and could it be here by Friday?'
  const payload = { message: { mid: messageId, text } }
  return toWire(messagingBody(shop.account, [messagingItem(person, shop.account, at, payload)], at))
}

export function signedDirectMessage(shop: Shop, person: string, at: Date, messageId = newMessageId()): WebhookDelivery {
  const body = directMessage(shop, person, at, messageId)
  return deliveryOf(shop, body, signatureHeaders(body, shop.appSecret))
}

/** What anybody can post: without a signature, with one of no secret, and with one of another shop's. */
export function unsignedDirectMessages(shop: Shop, other: Shop, person: string, at: Date): readonly WebhookDelivery[] {
  const body = directMessage(shop, person, at)
  const signatures = [
    {},
    { 'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}` },
    signatureHeaders(body, other.appSecret),
  ]
  return signatures.map((signature) => deliveryOf(shop, body, signature))
}

const deliveryOf = (
  { channelId }: Shop,
  body: Buffer,
  signature: Readonly<Record<string, string>>,
): WebhookDelivery => ({
  path: `/webhook/${channelId}`,
  headers: { 'content-type': 'application/json', ...signature },
  body,
})
