import type { CorePorts } from '../../ports/core-ports.ts'
import type { ChannelView } from '../../ports/views.ts'
import { type Actor, by } from '../actor.ts'
import { DomainError, NotFound } from '../errors.ts'
import { importOnConnect } from '../history/import-history.ts'
import type { ChannelId } from '../ids.ts'
import { saveWithToken } from './authorization.ts'
import { splitSecrets, validateConfig } from './channel-config.ts'
import { ChannelWithdrawn } from './channel-withdrawn.ts'
import { noteRetention } from './note-retention.ts'

export type UpdateChannelInput = Readonly<{
  name?: string
  status?: 'ACTIVE' | 'PAUSED'
  /** Merged into the settings: a member that is absent stays, `null` removes it. */
  config?: Readonly<Record<string, unknown>>
  /** For how long messages are kept; null: for good. */
  retentionDays?: number | null
}>

export const updateChannel =
  (ports: CorePorts) =>
  async (actor: Actor, id: ChannelId, input: UpdateChannelInput): Promise<ChannelView> => {
    const { channelRegistry, clock, queries, settingsValidator, unitOfWork, wakeups } = ports
    await unitOfWork.run(actor.orgId, async (stores) => {
      const { audit, bindings, channels } = stores
      const channel = await channels.get(id)
      const adapter = channelRegistry.get(channel.type)
      if (adapter === null)
        throw new DomainError('channel-type-unknown', `No adapter for ${channel.type} is installed.`)
      const before = await channels.secrets(id)
      const whole: Readonly<Record<string, unknown>> = withoutNulls({ ...channel.settings, ...before, ...input.config })
      if (input.config) validateConfig(adapter, whole, settingsValidator)
      const { settings, secrets } = splitSecrets(adapter, whole)
      const changed = Object.fromEntries(Object.entries(secrets).filter(([name, value]) => before[name] !== value))
      const removed = Object.fromEntries(
        Object.keys(before)
          .filter((name) => !(name in secrets))
          .map((name) => [name, null]),
      )
      const after = {
        ...channel,
        name: input.name?.trim() ?? channel.name,
        status: input.status ?? channel.status,
        account: adapter.settings.account(whole),
        app: adapter.settings.app?.(whole) ?? null,
        retentionDays: input.retentionDays === undefined ? (channel.retentionDays ?? null) : input.retentionDays,
        settings,
      }
      // Also one that is the same: the account's owner may have had to confirm something, nothing more.
      const givesToken = (adapter.settings.credentials ?? []).some((name) => typeof input.config?.[name] === 'string')
      const isRevived = channel.status === 'NEEDS_REAUTH' && after.status !== channel.status
      if (isRevived && !givesToken && channel.withdrawnAt) throw new ChannelWithdrawn()
      const secretsAfter = { ...changed, ...removed }
      const end = givesToken ? { expiresAt: null } : null
      if (givesToken || isRevived) await saveWithToken(stores, after, secretsAfter, actor, clock.now(), end)
      else await channels.save(after, secretsAfter, clock.now())
      if (givesToken) await stores.tokens.lacks(id, null)
      const proof = adapter.settings.proof ?? []
      const was: Readonly<Record<string, unknown>> = { ...channel.settings, ...before }
      // What was entered by hand is not proven: such a channel is served at its own address only.
      if (proof.some((name) => was[name] !== whole[name])) {
        await bindings.release(id)
        await stores.tokens.doubt(id, clock.now())
      }
      await audit.record({
        ...by(actor),
        action: 'channel.updated',
        resourceType: 'channel',
        resourceId: id,
      })
      if (after.retentionDays !== channel.retentionDays) await noteRetention(audit, actor, id)
      if (givesToken) await importOnConnect(ports, stores, adapter, id)
    })
    wakeups.wake('sends')
    wakeups.wake('events-written')
    wakeups.wake('jobs')
    const channel = await queries.channel(actor.orgId, id)
    if (channel === null) throw new NotFound('channel')
    return channel
  }

const withoutNulls = (config: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null))
