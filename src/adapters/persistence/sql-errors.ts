import { DomainError, Unavailable } from '../../core/errors.ts'
import { isUnavailable } from '../postgres-kit/errors.ts'

/** What leaves the adapter: domain errors as they are, trouble with the server as `Unavailable`, a bug as it is. */
export const translated = (error: unknown): unknown =>
  !(error instanceof DomainError) && isUnavailable(error)
    ? new Unavailable('The database did not answer. Try again in a moment.', error)
    : error
