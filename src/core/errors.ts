import type { DomainCode } from './domain-codes.ts'

/** Where in a request something is wrong: a JSON pointer into its body, query, path or headers. */
export type FieldError = Readonly<{
  in: 'body' | 'query' | 'path' | 'header'
  pointer: string
  code: string
  detail: string
}>

/**
 * A rule of the product was broken. `code` is stable and public: HTTP answers carry it, `adapters/http/problem.ts` maps it.
 * Anything that is not a DomainError is a bug.
 */
export class DomainError<Code extends string = DomainCode> extends Error {
  readonly code: Code
  readonly errors: readonly FieldError[]
  /** Further members of the problem document, for example byte counts. */
  readonly extra: Readonly<Record<string, unknown>>

  constructor(
    // Not inferred: a code that is none of the core's does not compile.
    code: NoInfer<Code>,
    detail: string,
    options: { errors?: readonly FieldError[]; extra?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'DomainError'
    this.code = code
    this.errors = options.errors ?? []
    this.extra = options.extra ?? {}
  }
}

/** Also what another organization's thing looks like from here. */
export class NotFound extends DomainError {
  constructor(what: string) {
    super('not-found', `There is no such ${what}.`)
    this.name = 'NotFound'
  }
}

/** A store or broker did not answer in time; the caller may try again. */
export class Unavailable extends DomainError {
  constructor(detail: string, cause?: unknown) {
    super('unavailable', detail, { cause })
    this.name = 'Unavailable'
  }
}
