import { randomBytes } from 'node:crypto'
import { messagingBody, messagingItem, signatureHeaders, toWire } from '../dev/instagram-simulator/index.ts'
import type { Shop } from './seed.ts'

/** As long as the platform's own. */
export const newMessageId = (): string => `aWdfZAG1faXRlbToxOkl${randomBytes(75).toString('base64url')}`

export const personOf = (number: number): string => `6200000000${String(number).padStart(6, '0')}`

export type SignedDelivery = Readonly<{ path: string; headers: Readonly<Record<string, string>>; body: Buffer }>

/** What the platform posts for one short text, about 478 bytes. */
export function directMessage(shop: Shop, person: string, at: Date, messageId = newMessageId()): Buffer {
  const text =
    'Hello! Is the blue one from your story of this morning still there in size M, and could it be here by Friday?'
  const payload = { message: { mid: messageId, text } }
  return toWire(messagingBody(shop.account, [messagingItem(person, shop.account, at, payload)], at))
}

export function signedDirectMessage(shop: Shop, person: string, at: Date, messageId = newMessageId()): SignedDelivery {
  const body = directMessage(shop, person, at, messageId)
  return {
    path: `/webhook/${shop.channelId}`,
    headers: { 'content-type': 'application/json', ...signatureHeaders(body, shop.appSecret) },
    body,
  }
}
