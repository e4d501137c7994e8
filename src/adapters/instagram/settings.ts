import type { ChannelSettings } from '../../ports/channel-adapter.ts'
import { accountId } from './ids.ts'
import { pacingSchema } from './pacing.ts'

const secret = { type: 'string', minLength: 1, maxLength: 4096, 'x-secret': true } as const

export const instagramSettings: ChannelSettings = {
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['pageId'],
    properties: {
      pageId: {
        type: 'string',
        pattern: '^\\S{1,64}$',
        description: 'The id of the Instagram professional account, as its webhooks name it in `entry[].id`.',
      },
      accessToken: {
        ...secret,
        pattern: '^\\S+$',
        'x-installation-default': 'INSTAGRAM_API_KEY',
        description: 'Long-lived token of the account (Instagram Login) or of its Page (Facebook Login).',
      },
      appSecret: {
        ...secret,
        description:
          'Secret of the app whose webhooks this channel receives. Without one, webhooks are refused with 503.',
      },
      previousAppSecret: {
        ...secret,
        description:
          'Signs webhooks as well, beside `appSecret`: the one before, for as long as the app’s secret is being changed. Take it away (`null`) afterwards.',
      },
      webhookVerifyToken: {
        ...secret,
        description: 'What you typed as "Verify token" where you set the callback URL.',
      },
      webhookUrl: {
        type: 'string',
        format: 'uri',
        pattern: '^https?://',
        maxLength: 2048,
        description: 'Public address in front of this service, for example a tunnel; the channel id is appended.',
      },
      login: {
        type: 'string',
        enum: ['instagram', 'facebook'],
        default: 'instagram',
        description: 'Which of the two logins issued the access token.',
      },
      appScopedId: {
        type: 'string',
        pattern: '^\\S{1,64}$',
        description:
          'Instagram Login only: the id that the account has for the app besides `pageId`. Filled in by connecting.',
      },
      humanAgent: {
        type: 'boolean',
        default: false,
        description:
          'Whether people may answer for seven days instead of 24 hours. Needs Meta’s approval of the Human Agent feature; goes off by itself when Meta says that it is missing.',
      },
      pacing: pacingSchema,
      facebookPageId: {
        type: 'string',
        pattern: '^\\S{1,64}$',
        description: 'Facebook Login only: the Page that messages are sent through.',
      },
    },
  },
  account: (config) => accountId(String(config['pageId'])),
  // One app for each login is what an installation has.
  app: (config) => `INSTAGRAM ${config['login'] ?? 'instagram'}`,
  credentials: ['accessToken'],
  alias: ({ appScopedId }) => (typeof appScopedId === 'string' ? accountId(appScopedId) : null),
  proof: ['pageId', 'accessToken', 'login', 'facebookPageId', 'appScopedId'],
  webhookSecrets: ['appSecret', 'previousAppSecret'],
  verifyTokens: ['webhookVerifyToken'],
}
