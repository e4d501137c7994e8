import type { UserId } from '../../../core/ids.ts'
import type { Joining } from '../../../core/member/accept-invitation.ts'
import { organizationJson, userJson } from '../account-json.ts'
import { limit } from '../limited.ts'
import { type Call, forSigningIn, json, type OperationDeps } from '../operation.ts'
import { isInTime } from '../organization-guard.ts'
import { RequestError } from '../request-error.ts'
import type { SignedIn } from '../session.ts'
import { shownInvitation } from '../shown-invitation.ts'
import { signInFailure } from '../sign-in-failure.ts'

type Body = Readonly<{ token: string; name?: string; password?: string }>

export const acceptInvitation = forSigningIn((deps) => async (call) => {
  const { req, requestId } = call
  const body = call.body as Body
  const { email, org: offered, personId } = await shownInvitation(deps, call, body.token)
  const signedIn = await deps.sessions.find(req)
  // A session from before they were signed out of the organization, or removed, proves nothing to it.
  const before = personId === null ? null : await deps.accounts.membership(offered.id, personId)
  const isThem = signedIn !== null && signedIn.userId === personId && (before === null || isInTime(before, signedIn))
  const joining = personId === null ? somebodyNew(body) : { personId }
  if (personId !== null && !isThem) await proveToBe(deps, call, personId, email)
  const { user, org, warnings } = await deps.core.acceptInvitation({ token: body.token, joining, requestId })
  const session = isThem
    ? await deps.sessions.move(req, signedIn as SignedIn, org.id)
    : await deps.sessions.start(req, user.id, org.id)
  if (isThem) deps.streams.endSession((signedIn as SignedIn).sid)
  deps.security.done('invitation.accepted', call, { orgId: org.id, userId: user.id })
  return json(201, { ...session, orgId: org.id, user: userJson(user), org: organizationJson(org), warnings })
})

function somebodyNew({ name, password }: Body): Joining {
  if (name !== undefined && password !== undefined) return { name, password }
  const missing = [...(name === undefined ? ['/name'] : []), ...(password === undefined ? ['/password'] : [])]
  throw new RequestError('invalid-request', 'Nobody has this e-mail address here yet: choose a name and a password.', {
    errors: missing.map((pointer) => ({ in: 'body', pointer, code: 'required', detail: 'is missing' })),
  })
}

/** The address has somebody here: they sign in as they always do, and what is given is their own password. */
async function proveToBe(deps: OperationDeps, call: Call, personId: UserId, email: string): Promise<void> {
  const { core, rateLimits } = deps
  const { req, res, body } = call
  const { password } = body as Body
  if (password === undefined) throw new RequestError('unauthenticated', 'Sign in with this e-mail address first.')
  const ip = req.ip ?? ''
  limit(res, await rateLimits.takeLogin(email, ip))
  const found = await core.logIn({ email, password })
  if (found?.user.id !== personId)
    throw signInFailure(deps, call, email, 'Somebody has this e-mail address here, with another password.')
  await rateLimits.forgiveLogin(email, ip)
}
