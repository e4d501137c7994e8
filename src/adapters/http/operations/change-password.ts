import { forSignedIn, json } from '../operation.ts'
import { provePassword } from '../prove-password.ts'

type Body = Readonly<{ currentPassword: string; newPassword: string }>

export const changePassword = forSignedIn((deps) => async (call) => {
  const { req, signedIn } = call
  const { currentPassword, newPassword } = call.body as Body
  const { email } = await provePassword(deps, call, currentPassword)
  const { warnings } = await deps.core.changePassword({ email, password: newPassword, requestId: call.requestId })
  // After the change, and so not among those that end with it.
  const fresh = await deps.sessions.start(req, signedIn.userId, signedIn.orgId)
  deps.streams.endSession(signedIn.sid)
  deps.security.done('password.changed', call, { orgId: signedIn.orgId })
  return json(200, { ...fresh, warnings })
})
