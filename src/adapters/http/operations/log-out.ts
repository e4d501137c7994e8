import { forSignedIn, nothing } from '../operation.ts'

/** What a browser kept of this place. Not its cookies: these would be those of the whole domain, also of other programs. */
const FORGET = { 'Clear-Site-Data': '"cache", "storage"' }

export const logOut = forSignedIn(({ core, security, sessions, streams }) => async (call) => {
  const { req, res, requestId, signedIn } = call
  const { orgId, userId, sid } = signedIn
  await sessions.end(req, res)
  streams.endSession(sid)
  security.done('sign-out', call, { orgId })
  await core.noteAccess({ orgId, userId, action: 'sign-out', requestId })
  return { ...nothing(), headers: FORGET }
})
