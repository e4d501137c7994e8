import { forSignedIn, json } from '../operation.ts'
import { provePassword } from '../prove-password.ts'

/** A login in place: a session with another id follows the one that asks, which is over. */
export const confirmPassword = forSignedIn((deps) => async (call) => {
  const { req, signedIn } = call
  const { password } = call.body as Readonly<{ password: string }>
  await provePassword(deps, call, password)
  const fresh = await deps.sessions.start(req, signedIn.userId, signedIn.orgId)
  deps.streams.endSession(signedIn.sid)
  deps.security.done('reauthentication.succeeded', call, { orgId: signedIn.orgId })
  return json(200, fresh)
})
