import type { ChannelId, ErasureId, OrgId, UnsubscriptionId } from '../../core/ids.ts'
import type { SealedPlace } from '../../ports/secret-box.ts'

/** A table that keeps sealed values, in its column `sealed`. */
export type SealedTable = Readonly<{
  table: string
  /** The columns of its key beside the organization, in their order, with their types. */
  key: readonly (readonly [name: string, type: 'uuid' | 'text'])[]
  place(orgId: OrgId, row: readonly string[]): SealedPlace
}>

const COLUMN = 'sealed'

export const channelSecretPlace = (orgId: OrgId, channelId: ChannelId, name: string): SealedPlace => ({
  ...{ orgId, table: 'channel_secrets', column: COLUMN, row: [channelId, name] },
  formerly: `${orgId}:${channelId}:${name}`,
})

export const connectAttemptPlace = (orgId: OrgId, tokenHash: string): SealedPlace => ({
  ...{ orgId, table: 'connect_attempts', column: COLUMN, row: [tokenHash] },
  formerly: `${orgId}:${tokenHash}:connect`,
})

export const unsubscriptionPlace = (orgId: OrgId, id: UnsubscriptionId): SealedPlace => ({
  ...{ orgId, table: 'unsubscriptions', column: COLUMN, row: [id] },
  formerly: `${orgId}:${id}:unsubscription`,
})

export const erasurePlace = (orgId: OrgId, id: ErasureId): SealedPlace => ({
  ...{ orgId, table: 'erasures', column: COLUMN, row: [id] },
  formerly: `${orgId}:${id}:erasure`,
})

export const erasureKeyPlace = (orgId: OrgId, id: string): SealedPlace => ({
  ...{ orgId, table: 'erasure_keys', column: COLUMN, row: [id] },
  formerly: `${orgId}:${id}:erasure-key`,
})

/** All of them: what a rotation of the keys goes through. */
export const SEALED_TABLES: readonly SealedTable[] = [
  {
    table: 'channel_secrets',
    key: [
      ['channel_id', 'uuid'],
      ['name', 'text'],
    ],
    place: (orgId, [channelId = '', name = '']) => channelSecretPlace(orgId, channelId as ChannelId, name),
  },
  {
    table: 'connect_attempts',
    key: [['token_hash', 'text']],
    place: (orgId, [tokenHash = '']) => connectAttemptPlace(orgId, tokenHash),
  },
  {
    table: 'erasure_keys',
    key: [['id', 'uuid']],
    place: (orgId, [id = '']) => erasureKeyPlace(orgId, id),
  },
  {
    table: 'erasures',
    key: [['id', 'uuid']],
    place: (orgId, [id = '']) => erasurePlace(orgId, id as ErasureId),
  },
  {
    table: 'unsubscriptions',
    key: [['id', 'uuid']],
    place: (orgId, [id = '']) => unsubscriptionPlace(orgId, id as UnsubscriptionId),
  },
]
