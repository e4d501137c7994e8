import { forSignedIn, nothing } from '../operation.ts'

export const revokeOtherSessions = forSignedIn(({ sessions }) => async ({ signedIn }) => {
  await sessions.revokeOthers(signedIn)
  return nothing()
})
