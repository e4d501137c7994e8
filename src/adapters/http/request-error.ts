import { DomainError } from '../../core/errors.ts'
import type { ProblemCode } from './problem.ts'

/** A refusal that HTTP itself knows: who asks, how, or in which form. Any code of the table. */
export class RequestError extends DomainError<ProblemCode> {}
