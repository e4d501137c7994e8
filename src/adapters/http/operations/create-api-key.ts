import type { ChannelId } from '../../../core/ids.ts'
import type { Permission } from '../../../core/member/permissions.ts'
import { forMembers, json } from '../operation.ts'

type Body = Readonly<{
  name: string
  scopes: readonly Permission[]
  channelIds?: readonly ChannelId[] | null
  allowedCidrs?: readonly string[] | null
  expiresAt?: string | null
}>

export const createApiKey = forMembers(({ core, security }) => async (call) => {
  const { actor, body } = call
  const { name, scopes, channelIds, allowedCidrs, expiresAt } = body as Body
  const made = await core.createApiKey(actor, {
    ...{ name, scopes, allowedCidrs: allowedCidrs ?? null },
    // The database compares UUIDs, we compare text.
    channelIds: channelIds?.map((id) => id.toLowerCase() as ChannelId) ?? null,
    expiresAt: typeof expiresAt === 'string' ? new Date(expiresAt) : null,
  })
  security.done('api-key.created', call, { resourceId: made.key.id })
  return json(201, made, { Location: `/orgs/${actor.orgId}/api-keys/${made.key.id}` })
})
