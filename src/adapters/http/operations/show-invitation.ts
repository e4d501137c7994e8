import { forEverybody, json } from '../operation.ts'
import { shownInvitation } from '../shown-invitation.ts'

export const showInvitation = forEverybody((deps) => async (call) => {
  const { email, org, personId } = await shownInvitation(deps, call, (call.body as Readonly<{ token: string }>).token)
  return json(200, { organization: org.name, email, hasAccount: personId !== null })
})
