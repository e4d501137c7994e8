import type { Call, OperationDeps } from './operation.ts'
import { RequestError } from './request-error.ts'

type Deps = Pick<OperationDeps, 'core' | 'log' | 'security'>

/**
 * A wrong address or password. Whose address it is, is looked up behind the answer, whether or not it is anybody's: neither its words nor
 * its time tell. One try a minute of an address is noted.
 */
export function signInFailure(
  { core, log, security }: Deps,
  { req, res, requestId }: Pick<Call, 'req' | 'res' | 'requestId'>,
  email: string,
  detail: string,
): RequestError {
  const emailHash = security.hashOf(email)
  const tell = security.refusedLater('sign-in.failed', { req, res }, emailHash)
  if (tell !== null) {
    const noted = core.noteFailedSignIn({ email, requestId })
    void noted.then(
      (who) => tell(who ?? { emailHash }),
      (error: unknown) => {
        tell({ emailHash })
        log.warn({ err: error, requestId }, 'a failed sign-in could not be noted in the audit log')
      },
    )
  }
  return new RequestError('invalid-credentials', detail)
}
