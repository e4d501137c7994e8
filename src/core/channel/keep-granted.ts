import type { GrantedAccount } from '../../ports/account-login.ts'
import type { ChannelRecord } from '../../ports/channel-store.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import { type Actor, by } from '../actor.ts'
import { DomainError } from '../errors.ts'
import { importOnConnect } from '../history/import-history.ts'
import type { ChannelId } from '../ids.ts'
import { makeRoom } from '../organization/organization-limits.ts'
import { saveWithToken } from './authorization.ts'
import { validateConfig } from './channel-config.ts'

export type Kept = Readonly<{ channelId: ChannelId; isNew: boolean; version: number; boundAt: Date }>
type What = Readonly<{
  type: string
  granted: GrantedAccount
  moves: boolean
  /** Whether the platform was told to deliver the account's events already. */
  isSubscribed: boolean
}>

/**
 * The organization's channel for the account, with its new secrets, or a new one; bound to the account in the same
 * transaction. One that was deleted stays so: its history belongs to a channel that somebody wanted gone.
 */
export async function keepGranted(ports: CorePorts, actor: Actor, what: What): Promise<Kept> {
  const keep = () => ports.unitOfWork.run(actor.orgId, (stores) => keepIn(stores, ports, actor, what))
  try {
    return await keep()
  } catch (error) {
    // Somebody else in this organization made it at the same moment.
    if (error instanceof DomainError && error.code === 'channel-exists') return keep()
    throw error
  }
}

async function keepIn(
  stores: Stores,
  ports: CorePorts,
  actor: Actor,
  { type, granted, moves, isSubscribed }: What,
): Promise<Kept> {
  const { channelRegistry, clock, ids, settingsValidator } = ports
  const adapter = channelRegistry.get(type)
  if (adapter === null) throw new DomainError('channel-type-unknown', `No adapter for ${type} is installed.`)
  const { audit, bindings, channels } = stores
  const now = clock.now()
  const known = await channels.byAccount(type, granted.account)
  const channelId = known?.id ?? (ids.next() as ChannelId)
  const settings = { ...known?.settings, ...granted.settings }
  validateConfig(adapter, { ...settings, ...granted.secrets }, settingsValidator)
  const channel: ChannelRecord = {
    id: channelId,
    orgId: actor.orgId,
    type,
    platform: adapter.platform,
    name: known?.name ?? granted.name,
    status: known?.status ?? 'ACTIVE',
    account: granted.account,
    app: adapter.settings.app?.(settings) ?? null,
    settings,
    version: known?.version ?? 1,
  }
  const { tokenExpiresAt: expiresAt } = granted
  if (known) await saveWithToken(stores, channel, granted.secrets, actor, now, { expiresAt })
  else {
    await makeRoom(ports, stores, 'channels')
    await channels.add(channel, granted.secrets, now)
    await stores.tokens.set(channelId, { setAt: now, expiresAt })
  }
  await stores.tokens.lacks(channelId, granted.missingPermissions)
  await bindings.bind(
    {
      type,
      account: granted.account,
      alias: granted.alias,
      grantedBy: granted.grantedBy,
      channelId,
      tokenIssuedAt: now,
      tokenExpiresAt: granted.tokenExpiresAt,
    },
    { moves, isSubscribed },
  )
  await audit.record({
    ...by(actor),
    action: known ? 'channel.reconnected' : 'channel.connected',
    resourceType: 'channel',
    resourceId: channelId,
  })
  await importOnConnect(ports, stores, adapter, channelId)
  return { channelId, isNew: known === null, version: channel.version, boundAt: now }
}
