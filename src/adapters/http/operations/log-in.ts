import { organizationJson, userJson } from '../account-json.ts'
import { limit } from '../limited.ts'
import { forSigningIn, json } from '../operation.ts'
import { RequestError } from '../request-error.ts'
import { marked } from '../security-refusals.ts'
import { signInFailure } from '../sign-in-failure.ts'

export const logIn = forSigningIn((deps) => async (call) => {
  const { core, metrics, rateLimits, security, sessions } = deps
  const { req, res, body, requestId } = call
  const { email } = body as Readonly<{ email: string; password: string }>
  const ip = req.ip ?? ''
  const taken = await rateLimits.takeLogin(email, ip)
  if (taken.waitSeconds > 0) metrics.loggedIn('throttled')
  limit(res, taken)
  const found = await sessions.checkPassword(req, res)
  if (found === null) {
    metrics.loggedIn('refused')
    throw signInFailure(deps, call, email, 'No account matches this e-mail address and password.')
  }
  await rateLimits.forgiveLogin(email, ip)
  const userId = found.user.id
  const [first] = found.memberships
  if (first === undefined) {
    const refusal = new RequestError('forbidden', 'This account is not a member of any organization.')
    throw marked(refusal, 'sign-in.failed', { userId, reason: 'no-organization' })
  }
  const { org, memberId } = first
  // Before there is a session: none is begun that the audit log does not have.
  await core.noteAccess({ orgId: org.id, userId, action: 'sign-in.succeeded', requestId })
  const { accessToken, expiresAt } = await sessions.start(req, userId, org.id)
  metrics.loggedIn('ok')
  security.done('sign-in.succeeded', call, { orgId: org.id, memberId })
  return json(200, {
    accessToken,
    orgId: org.id,
    expiresAt,
    user: userJson(found.user),
    org: organizationJson(org),
    warnings: [],
  })
})
