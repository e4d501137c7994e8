import type { TokenRefresh } from '../../ports/channel-adapter.ts'
import { askPlatform, type InstagramConfig } from './graph-client.ts'
import { graphTarget } from './graph-target.ts'
import { endOf, readToken } from './login-answer.ts'
import { demandsIn, readOutcome } from './read-outcome.ts'

/**
 * A token of Instagram Login lives for sixty days and is prolonged by itself; a Page's token has no end.
 * https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
 */
export const createTokenRefresh = (
  config: InstagramConfig,
  fetch: typeof globalThis.fetch,
  now: () => number = Date.now,
): TokenRefresh => ({
  canRefresh: ({ settings }) => settings['login'] !== 'facebook',

  async refresh(account, signal) {
    const target = graphTarget(account)
    if (target === null) return { status: 'withheld', detail: 'the channel has no usable access token' }
    const query = new URLSearchParams({ grant_type: 'ig_refresh_token', access_token: target.token })
    // The documented address has no version.
    const url = `${config.graphUrl.replace(/\/+$/, '')}/refresh_access_token?${query}`
    const outcome = readOutcome(await askPlatform(fetch, url, { method: 'GET' }, signal, config.sendTimeoutMs))
    if (outcome.status !== 'found') return outcome
    const fresh = readToken(outcome.body)
    if (fresh === null) return { ...demandsIn(outcome), status: 'withheld', detail: 'the answer holds no token' }
    return {
      ...demandsIn(outcome),
      status: 'refreshed',
      secrets: { accessToken: fresh.token },
      expiresAt: endOf(fresh.expiresInSeconds, now()),
    }
  },
})
