import type { CorePorts } from '../../ports/core-ports.ts'
import type { ChannelId } from '../ids.ts'

/** The platform asks whether the callback URL is ours; null refuses, for an unknown channel too. */
export const answerHandshake =
  ({ channelDirectory, channelRegistry }: Pick<CorePorts, 'channelDirectory' | 'channelRegistry'>) =>
  async (channelId: ChannelId, query: URLSearchParams): Promise<string | null> => {
    const channel = await channelDirectory.find(channelId)
    const handshake = channel && channelRegistry.get(channel.type)?.webhook.handshake
    return channel && handshake ? handshake(query, channel.verifyTokens) : null
  }
