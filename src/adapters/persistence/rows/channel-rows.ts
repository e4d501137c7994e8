import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { ChannelId, ExternalAccountId, OrgId } from '../../../core/ids.ts'
import type { ChannelStatus } from '../../../ports/views.ts'

export const ChannelRow = defineEntity({
  name: 'ChannelRow',
  tableName: 'channels',
  properties: {
    id: p.uuid().$type<ChannelId>().primary(),
    orgId: p.uuid().$type<OrgId>(),
    type: p.text(),
    platform: p.text(),
    name: p.text(),
    status: p.text().$type<ChannelStatus>(),
    account: p.text().$type<ExternalAccountId>(),
    app: p.text().nullable(),
    retentionDays: p.integer().nullable(),
    settings: p.json<Readonly<Record<string, unknown>>>(),
    withdrawnAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3),
    version: p.integer().version(),
  },
})
export type ChannelRow = InferEntity<typeof ChannelRow>

export const ChannelSecretRow = defineEntity({
  name: 'ChannelSecretRow',
  tableName: 'channel_secrets',
  properties: {
    channelId: p.uuid().$type<ChannelId>().primary(),
    name: p.text().primary(),
    orgId: p.uuid().$type<OrgId>(),
    sealed: p.text(),
  },
})
export type ChannelSecretRow = InferEntity<typeof ChannelSecretRow>
