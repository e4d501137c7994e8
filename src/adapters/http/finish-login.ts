import { organizationOfState } from '../../core/channel/begin-connect.ts'
import { invalidState } from '../../core/channel/finish-connect.ts'
import { DomainError, NotFound } from '../../core/errors.ts'
import { connectedAnswer } from './connect-answers.ts'
import { MANAGERS, requireRole } from './member-roles.ts'
import { type Answer, type Call, forSigningIn, type OperationDeps } from './operation.ts'
import { requireMember } from './organization-guard.ts'
import { refusedPage, unfinishedPage } from './pages/connect-pages.ts'
import { prefersHtml } from './pages/prefers-html.ts'
import { isProblemCode, problemTypes } from './problem.ts'

/** Where a platform sends the browser back to. Public in its address, and worth nothing without the session that began. */
export const finishLogin = (login: 'instagram' | 'facebook') =>
  forSigningIn((deps) => async (call) => {
    try {
      return await finish(deps, call, login)
    } catch (error) {
      const told = prefersHtml(call.req) ? refusal(error) : null
      if (told === null) throw error
      return told
    }
  })

type Query = Readonly<{ state?: string; code?: string; error?: string; account?: string }>

async function finish(deps: OperationDeps, { req, query, requestId }: Call, login: string): Promise<Answer> {
  const { accounts, core, sessions } = deps
  const signedIn = await sessions.require(req)
  const { state = '', code, error, account } = query as Query
  const orgId = organizationOfState(state)
  if (orgId === null) throw invalidState()
  const actor = await requireMember(accounts, orgId, signedIn, requestId).catch((reason: unknown) => {
    // The state says so, whoever made it up.
    throw reason instanceof NotFound ? invalidState() : reason
  })
  // As for the operation that began it.
  requireRole(MANAGERS, actor.role)
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
