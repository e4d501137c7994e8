import type { ExternalAccountId, ExternalMessageId, ExternalUserId } from '../../core/ids.ts'
import { readId } from '../channel-kit/fields.ts'

/** Live message ids are 150–180 characters of an undocumented alphabet; an index entry of the store takes 2,700 bytes. */
const MAX_MESSAGE_ID_BYTES = 512

export const accountId = (id: string): ExternalAccountId => id as ExternalAccountId

export const readUserId = (value: unknown): ExternalUserId | null => readId(value) as ExternalUserId | null

export const userId = (id: string): ExternalUserId => id as ExternalUserId

/** Of a direct message (`mid`) or a comment. */
export const readMessageId = (value: unknown): ExternalMessageId | null =>
  readId(value, MAX_MESSAGE_ID_BYTES) as ExternalMessageId | null

export const messageId = (id: string): ExternalMessageId => id as ExternalMessageId

/** The message that a post is, which names the account in its caption. */
export const mentionIn = (mediaId: string): ExternalMessageId => messageId(`mention:${mediaId}`)

/** What an entry speaks for that names no account. The space keeps it from ever equalling a channel's, which has none. */
export const UNATTRIBUTABLE: ExternalAccountId = accountId('instagram ?')
