import type { ChannelId, OrgId } from '../../core/ids.ts'
import type { SecretBox } from '../../ports/secret-box.ts'

/** Sealed values open only in the row they were sealed for. */
const contextOf = (orgId: OrgId, channelId: ChannelId, name: string): string => `${orgId}:${channelId}:${name}`

type Channel = Readonly<{ orgId: OrgId; id: ChannelId }>

export const sealSecret = (box: SecretBox, { orgId, id }: Channel, name: string, value: string): string =>
  box.seal(value, contextOf(orgId, id, name))

export const openSecrets = (
  box: SecretBox,
  { orgId, id }: Channel,
  sealed: Readonly<Record<string, string>>,
): Record<string, string> =>
  Object.fromEntries(Object.entries(sealed).map(([name, value]) => [name, box.open(value, contextOf(orgId, id, name))]))
