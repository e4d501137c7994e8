import { DomainError } from '../errors.ts'
import type { ApiKeyId, ChannelId, MemberId } from '../ids.ts'
import { PERMISSIONS, type Permission } from '../member/permissions.ts'
import { isNetwork } from '../network/networks.ts'

/** What a program carries instead of a session. It acts as the member who made it, and may never do more than they may. */
export type ApiKey = Readonly<{
  id: ApiKeyId
  memberId: MemberId
  name: string
  scopes: readonly Permission[]
  /** Null: those of the organization, whichever there will be. */
  channelIds: readonly ChannelId[] | null
  /** Networks that it may be used from, as CIDR; null: from everywhere. */
  allowedCidrs: readonly string[] | null
  /** Null: it does not end by itself. */
  expiresAt: Date | null
  revokedAt: Date | null
}>

/** Never a key's: it makes no keys, says nothing about who belongs to the organization, and erases or hands out nobody whole. */
const NEVER: ReadonlySet<Permission> = new Set<Permission>([
  'apikeys:manage',
  'members:manage',
  'customers:export',
  'customers:erase',
])

/** What a key can be given. */
export const KEY_SCOPES: readonly Permission[] = PERMISSIONS.filter((permission) => !NEVER.has(permission))

export const standsAt = ({ expiresAt, revokedAt }: Pick<ApiKey, 'expiresAt' | 'revokedAt'>, now: Date): boolean =>
  revokedAt === null && (expiresAt === null || expiresAt > now)

/** Throws DomainError `scope-exceeds-grantor` or `api-key-invalid`. */
export function checkNewKey(
  key: Pick<ApiKey, 'scopes' | 'allowedCidrs' | 'expiresAt'>,
  makers: ReadonlySet<Permission>,
  now: Date,
): void {
  const beyond = key.scopes.filter((scope) => !makers.has(scope) || NEVER.has(scope))
  if (beyond.length > 0) {
    throw new DomainError('scope-exceeds-grantor', `You cannot give what you do not have: ${beyond.join(', ')}.`)
  }
  if (key.expiresAt !== null && key.expiresAt <= now) {
    throw new DomainError('api-key-invalid', 'A key ends in the future, or not at all.')
  }
  const wrong = key.allowedCidrs?.find((network) => !isNetwork(network))
  if (wrong !== undefined) throw new DomainError('api-key-invalid', `${wrong} is no network in CIDR notation.`)
}
