import type { CorePorts } from '../../ports/core-ports.ts'
import type { ChannelView } from '../../ports/views.ts'
import type { Actor } from '../actor.ts'
import { DomainError, NotFound } from '../errors.ts'
import type { ChannelId } from '../ids.ts'
import { splitSecrets, validateConfig } from './channel-config.ts'

export type UpdateChannelInput = Readonly<{
  name?: string
  status?: 'ACTIVE' | 'PAUSED'
  /** Merged into the settings: a member that is absent stays, `null` removes it. */
  config?: Readonly<Record<string, unknown>>
}>

export const updateChannel =
  ({ channelRegistry, clock, queries, settingsValidator, unitOfWork, wakeups }: CorePorts) =>
  async (
    actor: Actor,
    id: ChannelId,
    input: UpdateChannelInput,
  ): Promise<{ channel: ChannelView; warnings: readonly string[] }> => {
    await unitOfWork.run(actor.orgId, async ({ channels, audit }) => {
      const channel = await channels.get(id)
      const adapter = channelRegistry.get(channel.type)
      if (adapter === null)
        throw new DomainError('channel-type-unknown', `No adapter for ${channel.type} is installed.`)
      const before = await channels.secrets(id)
      const whole = withoutNulls({ ...channel.settings, ...before, ...input.config })
      if (input.config) validateConfig(adapter, whole, settingsValidator)
      const { settings, secrets } = splitSecrets(adapter, whole)
      const changed = Object.fromEntries(Object.entries(secrets).filter(([name, value]) => before[name] !== value))
      const removed = Object.fromEntries(
        Object.keys(before)
          .filter((name) => !(name in secrets))
          .map((name) => [name, null]),
      )
      await channels.save(
        {
          ...channel,
          name: input.name?.trim() ?? channel.name,
          status: input.status ?? channel.status,
          account: adapter.settings.account(whole),
          settings,
        },
        { ...changed, ...removed },
        clock.now(),
      )
      await audit.record({
        actorType: 'MEMBER',
        actorId: actor.memberId,
        action: 'channel.updated',
        resourceType: 'channel',
        resourceId: id,
        requestId: actor.requestId,
      })
    })
    wakeups.wake('sends')
    const channel = await queries.channel(actor.orgId, id)
    if (channel === null) throw new NotFound('channel')
    return {
      channel,
      warnings: input.config && channelRegistry.get(channel.type)?.profiles ? ['credentials-not-checked'] : [],
    }
  }

const withoutNulls = (config: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null))
