import type { ExternalAccountId } from '../../core/ids.ts'
import type { ChannelSettings } from '../../ports/channel-adapter.ts'
import { CALLBACK_SECRET } from './signature.ts'

export const plainSettings = ({ httpsOnly }: { httpsOnly: boolean }): ChannelSettings => ({
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['secret'],
    dependentRequired: { callbackUrl: ['callbackSecret'], callbackIdempotent: ['callbackUrl'] },
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
      callbackUrl: {
        type: 'string',
        maxLength: 2048,
        // A name and a password would be shown to everybody who sees the channel.
        pattern: `^http${httpsOnly ? 's' : 's?'}://[^\\s@\\\\#]+$`,
        description: `Where replies are posted to${httpsOnly ? ', over https' : ''}; without it they are collected from the events.`,
      },
      callbackSecret: {
        type: 'string',
        pattern: CALLBACK_SECRET,
        'x-secret': true,
        description: 'What replies are signed with: `whsec_` and 24 to 64 random bytes in base64.',
      },
      callbackIdempotent: {
        type: 'boolean',
        description:
          'Whether the receiver takes each `webhook-id` once. Then a reply that may have arrived is posted again; without it that is for a person to decide.',
      },
    },
  },
  // A body names no account: whoever knows the channel's secret speaks for the channel.
  account: () => 'api' as ExternalAccountId,
  webhookSecrets: ['secret'],
  verifyTokens: [],
})
