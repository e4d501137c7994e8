import { createHash, randomBytes, randomInt } from 'node:crypto'

const digits = (count: number): string => Array.from({ length: count }, () => randomInt(10)).join('')

// Lengths and first digits as Meta's; all beyond 2^53, so whoever reads them as numbers is found out.
export const newAccountId = (): string => `1784140${digits(10)}`
export const newPageId = (): string => `104${digits(14)}`
export const newAppId = (): string => `11${digits(14)}`
export const newCustomerId = (): string => `12${digits(15)}`
export const newCommentId = (): string => `179${digits(14)}`
export const newMediaId = (): string => `180${digits(14)}`

/** The same person for the same account in every process, so that a second `simulate dm` continues the conversation. */
export function customerIdOf(accountId: string, username: string): string {
  const hash = createHash('sha256').update(`${accountId}/${username.toLowerCase()}`).digest()
  return `12${(hash.readBigUInt64BE() % 10n ** 15n).toString().padStart(15, '0')}`
}

const ESCAPES: Readonly<Record<string, string>> = { Z: 'ZA', '+': 'ZB', '/': 'ZC', '=': 'ZD' }

/** Meta's own base64: `Z` is an escape, so that the id needs no `+`, `/` or `=`. About 170 characters. */
export function newMessageId(accountId: string): string {
  const name = `ig_dm_item:1:IGMessageID:${accountId}:3402823668417${digits(26)}:3${digits(34)}`
  return Buffer.from(name)
    .toString('base64')
    .replace(/[Z+/=]/g, (character) => ESCAPES[character] ?? character)
}

/** One for each pair, told from a message's by its beginning. */
export const conversationIdOf = (accountId: string, customerId: string): string =>
  Buffer.from(`ig_dm_thread:1:IGMessageThread:${accountId}:${customerId}`)
    .toString('base64')
    .replace(/[Z+/=]/g, (character) => ESCAPES[character] ?? character)

const token = (bytes: number): string =>
  randomBytes(bytes).toString('base64url').replaceAll('-', 'x').replaceAll('_', 'y')

export const newAccessToken = (login: 'instagram' | 'facebook'): string =>
  `${login === 'instagram' ? 'IGAA' : 'EAA'}${token(90)}`
export const newAppSecret = (): string => randomBytes(16).toString('hex')
export const newCode = (): string => `AQ${token(60)}`
export const newTraceId = (): string => `A${token(16)}`
