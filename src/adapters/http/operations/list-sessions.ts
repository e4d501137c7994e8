import { forSignedIn, json } from '../operation.ts'

export const listSessions = forSignedIn(({ sessions }) => async ({ signedIn }) => {
  const { data, hasMore } = await sessions.list(signedIn)
  return json(200, { data, page: { nextCursor: null, hasMore } })
})
