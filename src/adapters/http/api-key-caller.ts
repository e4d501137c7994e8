import type { IncomingHttpHeaders } from 'node:http'
import type { Request } from 'express'
import { type Actor, actingMember } from '../../core/actor.ts'
import { NotFound } from '../../core/errors.ts'
import type { ChannelId, CustomerId, TicketId } from '../../core/ids.ts'
import type { ApiKeyHolder } from '../../ports/api-keys.ts'
import type { InboxQueries } from '../../ports/inbox-queries.ts'
import type { ContractOperation } from './contract.ts'
import type { HttpCore } from './http-deps.ts'
import { RequestError } from './request-error.ts'
import { marked } from './security-refusals.ts'
import type { SignedIn } from './session.ts'

/** No session's token begins like this and is as long. */
const KEY = /^bearer +(dck_[0-9A-Za-z]{39}) *$/i

/** The API key that a request carries instead of a session; null where it carries none. */
export const keyIn = ({ authorization }: IncomingHttpHeaders): string | null =>
  KEY.exec(authorization ?? '')?.[1] ?? null

/** Throws `unauthenticated`, or `ip-not-allowed`. */
export async function requireKey(core: Pick<HttpCore, 'useApiKey'>, req: Request, secret: string): Promise<SignedIn> {
  const { key, endedId } = await core.useApiKey({ secret, address: req.ip ?? '' })
  if (key === null) {
    const refusal = new RequestError('unauthenticated', 'The API key is none, has ended or was revoked.')
    const reason = endedId === null ? { reason: 'unknown' } : { reason: 'ended', apiKeyId: endedId }
    throw marked(refusal, 'api-key.refused', reason)
  }
  return {
    userId: key.userId,
    orgId: key.orgId,
    sid: sidOfKey(key.id),
    // No password was given for it, ever.
    startedAt: new Date(0).toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    carrier: 'bearer',
    key,
  }
}

/** What its event streams are counted and ended by: it is no session's id. */
export const sidOfKey = (id: string): string => `api-key ${id}`

/** The maker as they are now, with what the key has of their permissions. */
export const actingKey = (member: Parameters<typeof actingMember>[0], key: ApiKeyHolder): Actor => {
  const actor = actingMember(member)
  const scopes = new Set(key.scopes)
  return {
    ...actor,
    permissions: actor.permissions.intersection(scopes),
    channelIds: key.channelIds && new Set(key.channelIds),
  }
}

/** Throws where an operation is for people only. */
export function requireTaken({ security }: Pick<ContractOperation, 'security'>, { key }: SignedIn): void {
  if (key === null || security.includes('apiKey')) return
  throw new RequestError('session-required', 'This takes a session, not an API key.')
}

/**
 * Whoever has some channels only is told of those alone. What the contract does not say to be safe for them is refused as a whole:
 * rather nothing than something of another channel.
 */
export async function requireChannel(
  queries: Pick<InboxQueries, 'customer' | 'ticket'>,
  { orgId, channelIds }: Actor,
  { byChannel }: Pick<ContractOperation, 'byChannel'>,
  params: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (channelIds === null || byChannel === 'free' || byChannel === 'filter') return
  if (byChannel === null) {
    throw new RequestError('forbidden', 'This is of all channels of the organization, and the key is for some of them.')
  }
  const { channelId, ticketId, customerId } = params
  const mine = (id: ChannelId | undefined) => id !== undefined && channelIds.has(id)
  const notTheirs = (what: string) => marked(new NotFound(what), 'api-key.refused', { reason: 'channel' })
  if (channelId !== undefined && !mine(channelId as ChannelId)) throw notTheirs('channel')
  if (ticketId !== undefined && !mine((await queries.ticket(orgId, ticketId as TicketId))?.channelId)) {
    throw notTheirs('ticket')
  }
  if (customerId !== undefined && !mine((await queries.customer(orgId, customerId as CustomerId))?.channelId)) {
    throw notTheirs('customer')
  }
}
