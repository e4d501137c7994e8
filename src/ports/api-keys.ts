import type { ApiKey } from '../core/api-key/api-key.ts'
import type { ApiKeyId, OrgId, UserId } from '../core/ids.ts'
import type { PageOf, PageRequest } from './inbox-queries.ts'
import type { ApiKeyView } from './views.ts'

export type ApiKeyHolder = ApiKey & Readonly<{ orgId: OrgId; userId: UserId; lastUsedAt: Date | null }>

/** Keys before it is known who asks: as the system role. Those whose maker is no active member are not there. */
export interface ApiKeyDirectory {
  byHash(hash: string): Promise<ApiKeyHolder | null>
  byId(id: ApiKeyId): Promise<ApiKeyHolder | null>
  /** At most once a minute for a key, whichever process asks; nothing is written in between. */
  markUsed(key: ApiKeyHolder, now: Date): Promise<void>
}

/** What an organization sees of its keys, never the secret or its hash. Those that were revoked are among them. */
export interface ApiKeyQueries {
  /** By createdAt, newest first. */
  keys(orgId: OrgId, page: PageRequest): Promise<PageOf<ApiKeyView>>
  key(orgId: OrgId, id: ApiKeyId): Promise<ApiKeyView | null>
}

/** Inside a unit of work. */
export interface ApiKeyStore {
  add(key: ApiKeyView, hash: string): Promise<void>
  /** `before`: it was revoked already. */
  revoke(id: ApiKeyId, now: Date): Promise<'revoked' | 'before' | 'none'>
}

/** 196 random bits behind a prefix that searches for secrets know, with a checksum; stored as SHA-256, so that a dump opens nothing. */
export interface ApiKeySecrets {
  /** `hint`: its beginning and its end, to tell keys apart by. */
  make(): Readonly<{ secret: string; hash: string; hint: string }>
  /** Null for what has not the form of a key, or not its checksum. */
  hashOf(secret: string): string | null
}
