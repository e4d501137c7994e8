import type { ExternalAccountId } from '../../core/ids.ts'
import type { ChannelSettings } from '../../ports/channel-adapter.ts'

export const plainSettings: ChannelSettings = {
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['secret'],
    properties: {
      secret: {
        type: 'string',
        minLength: 16,
        maxLength: 256,
        pattern: '^[\\x21-\\x7e]+$',
        'x-secret': true,
        description: 'What the calling system sends as `Authorization: Bearer …`.',
      },
      name: { type: 'string', minLength: 1, maxLength: 100, description: 'What the calling system is called.' },
    },
  },
  // A body names no account: whoever knows the channel's secret speaks for the channel.
  account: () => 'api' as ExternalAccountId,
  webhookSecrets: ['secret'],
  verifyTokens: [],
}
