import { connectedAnswer } from '../connect-answers.ts'
import { forMembers } from '../operation.ts'

type Body = Readonly<{ choice: string; account: string }>

/** The second step of a login that speaks for several accounts. */
export const chooseFacebookAccount = forMembers((deps) => async ({ actor, body, req, signedIn }) => {
  const session = { login: 'facebook', sessionId: signedIn.sid }
  return connectedAnswer(req, 'facebook', await deps.core.chooseAccount(actor, { ...session, ...(body as Body) }), deps)
})
