import { NotFound } from '../../../core/errors.ts'
import { forSignedIn, nothing } from '../operation.ts'

export const revokeSession = forSignedIn(({ sessions }) => async ({ params, signedIn }) => {
  if (!(await sessions.revoke(signedIn, params['sessionId'] as string))) throw new NotFound('session')
  return nothing()
})
