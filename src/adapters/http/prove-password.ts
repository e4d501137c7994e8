import type { UserView } from '../../ports/views.ts'
import { limit } from './limited.ts'
import type { OperationDeps, SignedInCall } from './operation.ts'
import { RequestError } from './request-error.ts'
import { marked } from './security-refusals.ts'

/** Whoever is signed in shows that they know the password. Counted as a login is: a stolen session is no place to guess from. */
export async function provePassword(
  { accounts, core, rateLimits }: Pick<OperationDeps, 'accounts' | 'core' | 'rateLimits'>,
  { req, res, requestId, signedIn }: Pick<SignedInCall, 'req' | 'res' | 'requestId' | 'signedIn'>,
  password: string,
): Promise<UserView> {
  const user = await accounts.user(signedIn.userId)
  if (user === null) throw new RequestError('unauthenticated', 'There is no such person any more.')
  const ip = req.ip ?? ''
  limit(res, await rateLimits.takeLogin(user.email, ip))
  const found = await core.logIn({ email: user.email, password })
  if (found?.user.id !== user.id) {
    const { orgId, userId } = signedIn
    await core.noteAccess({ orgId, userId, action: 'reauthentication.failed', requestId })
    const refusal = new RequestError('invalid-credentials', 'This is not the present password.')
    throw marked(refusal, 'reauthentication.failed', { orgId })
  }
  await rateLimits.forgiveLogin(user.email, ip)
  return user
}
