import { forSignedIn, nothing } from '../operation.ts'

export const revokeOtherSessions = forSignedIn(({ core, security, sessions }) => async (call) => {
  const { requestId, signedIn } = call
  const { orgId, userId } = signedIn
  await sessions.revokeOthers(signedIn)
  security.done('session.ended', call, { orgId, reason: 'all-others' })
  await core.noteAccess({ orgId, userId, action: 'session.ended', requestId })
  return nothing()
})
