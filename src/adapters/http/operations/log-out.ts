import { forSignedIn, nothing } from '../operation.ts'

export const logOut = forSignedIn(({ sessions, streams }) => async ({ req, res, signedIn }) => {
  await sessions.end(req, res)
  streams.endSession(signedIn.sid)
  return nothing()
})
