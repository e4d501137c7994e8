import type { ChannelId, OrgId } from '../../core/ids.ts'
import type { SecretBox } from '../../ports/secret-box.ts'
import { channelSecretPlace } from './sealed-places.ts'

type Channel = Readonly<{ orgId: OrgId; id: ChannelId }>

export const sealSecret = (box: SecretBox, { orgId, id }: Channel, name: string, value: string): string =>
  box.seal(value, channelSecretPlace(orgId, id, name))

export const openSecrets = (
  box: SecretBox,
  { orgId, id }: Channel,
  sealed: Readonly<Record<string, string>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(sealed).map(([name, value]) => [name, box.open(value, channelSecretPlace(orgId, id, name))]),
  )
