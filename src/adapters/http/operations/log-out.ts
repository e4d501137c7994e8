import { forSignedIn, nothing } from '../operation.ts'

/** What a browser kept of this place. Not its cookies: these would be those of the whole domain, also of other programs. */
const FORGET = { 'Clear-Site-Data': '"cache", "storage"' }

export const logOut = forSignedIn(({ sessions, streams }) => async ({ req, res, signedIn }) => {
  await sessions.end(req, res)
  streams.endSession(signedIn.sid)
  return { ...nothing(), headers: FORGET }
})
