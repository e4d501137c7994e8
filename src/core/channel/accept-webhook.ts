import type { RawWebhook } from '../../ports/channel-adapter.ts'
import type { WebhookChannel } from '../../ports/channel-directory.ts'
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

/** Whoever signs wrongly has a channel looked up no more often than this. */
const LOOKED_AT_AGAIN_MS = 1_000

type Ports = Pick<CorePorts, 'channelDirectory' | 'channelRegistry' | 'clock' | 'ids' | 'intake'> &
  Readonly<{ settings: Pick<CorePorts['settings'], 'allowUnverifiedWebhooks'> }>

/**
 * Verifies the exact bytes and hands them off durably; nobody looks inside before that. Throws Unavailable where they are
 * nowhere durable, or the channel cannot be looked up: the platform delivers again.
 */
export const acceptWebhook =
  ({ channelDirectory, channelRegistry, clock, ids, intake, settings }: Ports) =>
  async (input: AcceptWebhookInput): Promise<WebhookAnswer> => {
    const known = await channelDirectory.find(input.channelId)
    const adapter = known && channelRegistry.get(known.type)
    if (!known || !adapter) return { status: 'unknown-channel' }
    let channel: WebhookChannel | null = known
    let verified = adapter.webhook.verify(input, known.webhookSecrets) >= 0
    if (!verified) {
      // Its secrets may have been changed a moment ago.
      channel = await channelDirectory.find(known.id, { notOlderThanMs: LOOKED_AT_AGAIN_MS })
      if (!channel) return { status: 'unknown-channel' }
      verified = channel !== known && adapter.webhook.verify(input, channel.webhookSecrets) >= 0
    }
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
