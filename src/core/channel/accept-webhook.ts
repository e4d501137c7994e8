import type { RawWebhook } from '../../ports/channel-adapter.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { ChannelId, RawEventId } from '../ids.ts'

export type AcceptWebhookInput = RawWebhook &
  Readonly<{
    channelId: ChannelId
    /** Whether the call came from this machine itself and through no proxy or tunnel. */
    isLocal: boolean
    requestId: string
  }>

export type WebhookAnswer =
  | Readonly<{ status: 'accepted' }>
  | Readonly<{ status: 'unknown-channel' }>
  /** The channel has no secret to check with: refused, never let through. */
  | Readonly<{ status: 'no-secret' }>
  | Readonly<{ status: 'bad-signature' }>

type Ports = Pick<CorePorts, 'channelDirectory' | 'channelRegistry' | 'clock' | 'ids' | 'intake'> &
  Readonly<{ settings: Pick<CorePorts['settings'], 'allowUnverifiedWebhooks'> }>

/**
 * Verifies the exact bytes and hands them off durably; nobody looks inside before that. Throws Unavailable where they are
 * nowhere durable, or the channel cannot be looked up: the platform delivers again.
 */
export const acceptWebhook =
  ({ channelDirectory, channelRegistry, clock, ids, intake, settings }: Ports) =>
  async (input: AcceptWebhookInput): Promise<WebhookAnswer> => {
    const channel = await channelDirectory.find(input.channelId)
    const adapter = channel && channelRegistry.get(channel.type)
    if (!channel || !adapter) return { status: 'unknown-channel' }
    const verified = adapter.webhook.verify(input, channel.webhookSecrets) >= 0
    // The guide's hand-made calls: under the switch, and from this machine only (a tunnel to a laptop does not open it).
    if (!verified && !(settings.allowUnverifiedWebhooks && input.isLocal)) {
      if (channel.webhookSecrets.length === 0) return { status: 'no-secret' }
      channelDirectory.count(channel.id, 'badSignatures')
      return { status: 'bad-signature' }
    }
    await intake.accept({
      id: ids.next() as RawEventId,
      orgId: channel.orgId,
      channelId: channel.id,
      body: input.body,
      verified,
      receivedAt: clock.now(),
      requestId: input.requestId,
    })
    return { status: 'accepted' }
  }
