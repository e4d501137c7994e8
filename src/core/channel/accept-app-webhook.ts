import type { AppWebhook, ChannelAdapter, RawWebhook } from '../../ports/channel-adapter.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import type { RawEventId } from '../ids.ts'
import type { WebhookAnswer } from './accept-webhook.ts'

export type AcceptAppWebhookInput = RawWebhook & Readonly<{ name: string; requestId: string }>

/**
 * As `acceptWebhook`, for the address that all accounts of an app share. Its signature is never waived: who signs here speaks
 * for every account.
 */
export const acceptAppWebhook =
  ({ channelRegistry, clock, ids, intake }: Pick<CorePorts, 'channelRegistry' | 'clock' | 'ids' | 'intake'>) =>
  async (input: AcceptAppWebhookInput): Promise<WebhookAnswer> => {
    const found = appNamed(channelRegistry, input.name)
    if (!found) return { status: 'unknown-channel' }
    const { adapter, app } = found
    if (app.secrets.length === 0) return { status: 'no-secret' }
    if (adapter.webhook.verify(input, app.secrets) < 0) return { status: 'bad-signature' }
    await intake.accept({
      id: ids.next() as RawEventId,
      channelType: adapter.type,
      body: input.body,
      receivedAt: clock.now(),
      requestId: input.requestId,
    })
    return { status: 'accepted' }
  }

/** The platform asks whether the app's callback URL is ours; null refuses. */
export const answerAppHandshake =
  ({ channelRegistry }: Pick<CorePorts, 'channelRegistry'>) =>
  (name: string, query: URLSearchParams): string | null => {
    const found = appNamed(channelRegistry, name)
    return found?.adapter.webhook.handshake?.(query, found.app.verifyTokens) ?? null
  }

export function appNamed(
  registry: CorePorts['channelRegistry'],
  name: string,
): Readonly<{ adapter: ChannelAdapter; app: AppWebhook }> | null {
  for (const type of registry.types) {
    const adapter = registry.get(type)
    if (adapter?.app?.name === name) return { adapter, app: adapter.app }
  }
  return null
}
