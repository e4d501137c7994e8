import { organizationJson, userJson } from '../account-json.ts'
import { limit } from '../limited.ts'
import { forSigningIn, json } from '../operation.ts'

type Body = Readonly<{ orgName: string; name: string; email: string; password: string }>

export const signUp = forSigningIn(({ core, rateLimits, security, sessions }) => async (call) => {
  const { req, res, body } = call
  limit(res, await rateLimits.takeSignUp(req.ip ?? ''))
  const { user, org, memberId, warnings } = await core.signUp(body as Body)
  const { accessToken, expiresAt } = await sessions.start(req, user.id, org.id)
  security.done('sign-up.succeeded', call, { orgId: org.id, memberId })
  return json(201, {
    accessToken,
    orgId: org.id,
    expiresAt,
    user: userJson(user),
    org: organizationJson(org),
    warnings,
  })
})
