import { forMembers, json } from './operation.ts'
import { prefersHtml } from './pages/prefers-html.ts'

/** Sends a browser to the platform's login page, and tells everything else where that is. */
export const beginLogin = (login: 'instagram' | 'facebook') =>
  forMembers(({ core }) => async ({ actor, query, req, signedIn }) => {
    const { authorizeUrl, expiresAt } = await core.beginConnect(actor, {
      login,
      sessionId: signedIn.sid,
      moves: query['move'] === true,
    })
    return prefersHtml(req)
      ? { status: 302, headers: { Location: authorizeUrl } }
      : json(200, { authorizeUrl, expiresAt })
  })
