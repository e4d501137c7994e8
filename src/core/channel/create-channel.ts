import type { CorePorts } from '../../ports/core-ports.ts'
import type { ChannelView } from '../../ports/views.ts'
import { type Actor, by } from '../actor.ts'
import { DomainError, NotFound } from '../errors.ts'
import { importOnConnect } from '../history/import-history.ts'
import type { ChannelId } from '../ids.ts'
import { makeRoom } from '../organization/organization-limits.ts'
import { splitSecrets, validateConfig, withInstallationDefaults } from './channel-config.ts'
import { noteRetention } from './note-retention.ts'

export type CreateChannelInput = Readonly<{
  type: string
  name: string
  config: Readonly<Record<string, unknown>>
  /** For how long messages are kept; null or left out: for good. */
  retentionDays?: number | null
}>

export const createChannel =
  (ports: CorePorts) =>
  async (actor: Actor, input: CreateChannelInput): Promise<ChannelView> => {
    const { channelRegistry, clock, ids, queries, settingsValidator, unitOfWork, wakeups } = ports
    const adapter = channelRegistry.get(input.type)
    if (adapter === null) {
      throw new DomainError('channel-type-unknown', `Installed channel types: ${channelRegistry.types.join(', ')}.`)
    }
    validateConfig(adapter, input.config, settingsValidator)
    const config = await withInstallationDefaults(adapter, input.config, ports)
    const { settings, secrets } = splitSecrets(adapter, config)
    const id = ids.next() as ChannelId
    await unitOfWork.run(actor.orgId, async (stores) => {
      const { channels, audit } = stores
      await makeRoom(ports, stores, 'channels')
      await channels.add(
        {
          id,
          orgId: actor.orgId,
          type: adapter.type,
          platform: adapter.platform,
          name: input.name.trim(),
          status: 'ACTIVE',
          account: adapter.settings.account(config),
          app: adapter.settings.app?.(config) ?? null,
          retentionDays: input.retentionDays ?? null,
          settings,
          version: 1,
        },
        secrets,
        clock.now(),
      )
      await audit.record({
        ...by(actor),
        action: 'channel.created',
        resourceType: 'channel',
        resourceId: id,
      })
      if (input.retentionDays) await noteRetention(audit, actor, id)
      const isUsable = (adapter.settings.credentials ?? []).some((name) => secrets[name] !== undefined)
      if (isUsable) {
        await stores.tokens.set(id, { setAt: clock.now(), expiresAt: null })
        await importOnConnect(ports, stores, adapter, id)
      }
    })
    wakeups.wake('jobs')
    const channel = await queries.channel(actor.orgId, id)
    if (channel === null) throw new NotFound('channel')
    return channel
  }
