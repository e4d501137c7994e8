import { organizationJson, userJson } from '../account-json.ts'
import { limit } from '../limited.ts'
import { forSigningIn, json } from '../operation.ts'
import { RequestError } from '../request-error.ts'

export const logIn = forSigningIn(({ metrics, rateLimits, sessions }) => async ({ req, res, body }) => {
  const { email } = body as Readonly<{ email: string; password: string }>
  const ip = req.ip ?? ''
  const taken = await rateLimits.takeLogin(email, ip)
  if (taken.waitSeconds > 0) metrics.loggedIn('throttled')
  limit(res, taken)
  const found = await sessions.checkPassword(req, res)
  if (found === null) {
    metrics.loggedIn('refused')
    throw new RequestError('invalid-credentials', 'No account matches this e-mail address and password.')
  }
  await rateLimits.forgiveLogin(email, ip)
  const org = found.memberships[0]?.org
  if (org === undefined) throw new RequestError('forbidden', 'This account is not a member of any organization.')
  const { accessToken, expiresAt } = await sessions.start(req, found.user.id, org.id)
  metrics.loggedIn('ok')
  return json(200, {
    accessToken,
    orgId: org.id,
    expiresAt,
    user: userJson(found.user),
    org: organizationJson(org),
    warnings: [],
  })
})
