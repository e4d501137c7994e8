import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Receipt } from '../../core/channel/take-withdrawal.ts'
import { signingSecret } from './signing-secret.ts'

const CODE = /^([a-z0-9]{1,9})-(\d{1,6})-([0-9a-f]{16})-([0-9a-f]{64})$/

const sign = (text: string, secret: string) => createHmac('sha256', secret).update(`data-deletion ${text}`).digest()

/** A receipt that says by itself what was done, so that nothing about the person has to be kept. The first secret signs. */
export function receiptCode({ at, connections }: Receipt, secrets: readonly string[]): string {
  const text = `${Math.floor(at.getTime() / 1_000).toString(36)}-${connections}-${randomBytes(8).toString('hex')}`
  return `${text}-${sign(text, signingSecret(secrets)).toString('hex')}`
}

/** Null for what none of the secrets has signed. */
export function readReceiptCode(code: string, secrets: readonly string[]): Receipt | null {
  const [, at = '', connections, nonce, signature = ''] = CODE.exec(code) ?? []
  if (nonce === undefined) return null
  const given = Buffer.from(signature, 'hex')
  const isOurs = secrets.some((secret) => timingSafeEqual(sign(`${at}-${connections}-${nonce}`, secret), given))
  return isOurs ? { at: new Date(Number.parseInt(at, 36) * 1_000), connections: Number(connections) } : null
}
