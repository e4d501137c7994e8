import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import { instagramCapabilities } from './capabilities.ts'
import { createComments } from './comments.ts'
import { createDoctor } from './doctor.ts'
import { createFacebookLogin } from './facebook-login.ts'
import { createGraphClient, type InstagramConfig } from './graph-client.ts'
import { answerHandshake } from './handshake.ts'
import { createHistoryReader } from './history-reader.ts'
import { instagramParser } from './inbound-parser.ts'
import { createInstagramLogin } from './instagram-login.ts'
import type { LoginConfig } from './login-answer.ts'
import { createMediaLookup } from './media-lookup.ts'
import { createInstagramSender } from './outbound-sender.ts'
import { instagramPacing } from './pacing.ts'
import { createProfileLookup } from './profile-lookup.ts'
import { instagramSettings } from './settings.ts'
import { createSignals } from './signals.ts'
import { verifySignature } from './signature.ts'
import { readSignedRequest } from './signed-request.ts'
import { createSubscriptions } from './subscriptions.ts'
import { createTokenRefresh } from './token-refresh.ts'

export type { InstagramConfig, LoginConfig }

const NO_LOGIN: LoginConfig = {
  instagramOauthUrl: 'https://www.instagram.com',
  instagramTokenUrl: 'https://api.instagram.com',
  facebookOauthUrl: 'https://www.facebook.com',
  instagramApp: null,
  metaApp: null,
  appSecrets: [],
  verifyToken: null,
}

/** Instagram through both of its logins; a channel's setting `login` says which. */
export function createInstagramChannel(
  config: InstagramConfig & Partial<LoginConfig>,
  { fetch }: { fetch: typeof globalThis.fetch },
): ChannelAdapter {
  const graph = createGraphClient(config, fetch)
  const login: InstagramConfig & LoginConfig = { ...NO_LOGIN, ...config }
  return {
    type: 'INSTAGRAM',
    platform: 'INSTAGRAM',
    settings: instagramSettings,
    capabilities: instagramCapabilities,
    webhook: { handshake: answerHandshake, verify: verifySignature },
    parser: instagramParser,
    pacing: instagramPacing,
    sender: createInstagramSender(graph),
    profiles: createProfileLookup(graph),
    media: createMediaLookup(graph),
    history: createHistoryReader(graph),
    comments: createComments(graph),
    signals: createSignals(graph),
    tokens: createTokenRefresh(config, fetch),
    doctor: createDoctor(login, fetch),
    subscriptions: createSubscriptions(login, fetch),
    app: {
      name: 'instagram',
      signedRequest: (body) => readSignedRequest(body, login.appSecrets),
      secrets: login.appSecrets,
      verifyTokens: login.verifyToken === null ? [] : [login.verifyToken],
    },
    logins: [createInstagramLogin(login, fetch), createFacebookLogin(login, fetch)],
  }
}
