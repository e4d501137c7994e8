import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import { instagramCapabilities } from './capabilities.ts'
import { createGraphClient, type InstagramConfig } from './graph-client.ts'
import { answerHandshake } from './handshake.ts'
import { createHistoryReader } from './history-reader.ts'
import { instagramParser } from './inbound-parser.ts'
import { createMediaLookup } from './media-lookup.ts'
import { createInstagramSender } from './outbound-sender.ts'
import { createProfileLookup } from './profile-lookup.ts'
import { instagramSettings } from './settings.ts'
import { verifySignature } from './signature.ts'

export type { InstagramConfig }

/** Instagram through both of its logins; a channel's setting `login` says which. */
export function createInstagramChannel(
  config: InstagramConfig,
  { fetch }: { fetch: typeof globalThis.fetch },
): ChannelAdapter {
  const graph = createGraphClient(config, fetch)
  return {
    type: 'INSTAGRAM',
    platform: 'INSTAGRAM',
    settings: instagramSettings,
    capabilities: instagramCapabilities,
    webhook: { handshake: answerHandshake, verify: verifySignature },
    parser: instagramParser,
    sender: createInstagramSender(graph),
    profiles: createProfileLookup(graph),
    media: createMediaLookup(graph),
    history: createHistoryReader(graph),
  }
}
