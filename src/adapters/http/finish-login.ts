import { organizationOfState } from '../../core/channel/begin-connect.ts'
import { invalidState } from '../../core/channel/finish-connect.ts'
import { DomainError, NotFound } from '../../core/errors.ts'
import { connectedAnswer } from './connect-answers.ts'
import { type Answer, type Call, forSigningIn, type OperationDeps } from './operation.ts'
import { requireMember } from './organization-guard.ts'
import { refusedPage, unfinishedPage } from './pages/connect-pages.ts'
import { prefersHtml } from './pages/prefers-html.ts'
import { requirePermission } from './permission-guard.ts'
import { isProblemCode, problemTypes } from './problem.ts'

type Login = 'instagram' | 'facebook'

/** Coming back takes the permission of the operation that began it. */
const BEGINS = { instagram: 'connectInstagram', facebook: 'connectFacebook' } as const satisfies Record<Login, string>

/** Where a platform sends the browser back to. Public in its address, and worth nothing without the session that began. */
export const finishLogin = (login: Login) =>
  forSigningIn((deps) => async (call) => {
    try {
      return await finish(deps, call, login)
    } catch (error) {
      const told = prefersHtml(call.req) ? refusal(error) : null
      if (told === null) throw error
      // Answered as a page, and so not passed on.
      deps.security.thrown(error, call)
      return told
    }
  })

type Query = Readonly<{ state?: string; code?: string; error?: string; account?: string }>

async function finish(deps: OperationDeps, { req, query, requestId }: Call, login: Login): Promise<Answer> {
  const { accounts, contract, core, sessions } = deps
  const signedIn = await sessions.require(req)
  const { state = '', code, error, account } = query as Query
  const orgId = organizationOfState(state)
  if (orgId === null) throw invalidState()
  const actor = await requireMember(accounts, orgId, signedIn, requestId).catch((reason: unknown) => {
    // The state says so, whoever made it up.
    throw reason instanceof NotFound ? invalidState() : reason
  })
  requirePermission(actor, contract.operation(BEGINS[login]).permission, signedIn)
  const session = { login, sessionId: signedIn.sid }
  const outcome =
    account === undefined
      ? await core.finishConnect(actor, { ...session, state, code: code ?? null, error: error ?? null })
      : await core.chooseAccount(actor, { ...session, choice: state, account })
  return connectedAnswer(req, login, outcome, deps)
}

/** The problem's own words as a page; null for what is no problem of the caller's. */
function refusal(error: unknown): Answer | null {
  if (!(error instanceof DomainError) || !isProblemCode(error.code)) return null
  const { status, title, fix } = problemTypes[error.code]
  const body = error.code === 'unauthenticated' ? unfinishedPage() : refusedPage(title, error.message, fix)
  return { status, type: 'text/html', body }
}
