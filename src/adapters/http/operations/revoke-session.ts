import { NotFound } from '../../../core/errors.ts'
import { forSignedIn, nothing } from '../operation.ts'

export const revokeSession = forSignedIn(({ core, security, sessions }) => async (call) => {
  const { params, requestId, signedIn } = call
  const sessionId = params['sessionId'] as string
  if (!(await sessions.revoke(signedIn, sessionId))) throw new NotFound('session')
  const { orgId, userId } = signedIn
  security.done('session.ended', call, { orgId, sessionId, reason: 'by-its-person' })
  await core.noteAccess({ orgId, userId, action: 'session.ended', requestId })
  return nothing()
})
