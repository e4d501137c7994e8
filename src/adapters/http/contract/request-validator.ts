import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js'
import type { OpenAPIV3_1 } from 'openapi-types'
import { lookUp, toPointer, toUriFragment } from '../../schema-kit/json-pointer.ts'
import type { ProblemCode, ProblemPlace } from '../problem.ts'
import { maxErrors, toContractErrors } from './contract-error.ts'
import type { DeclaredOperation, DeclaredParameter } from './declared-operation.ts'
import { maxJsonDepth, valueDepthExceeds } from './json-bounds.ts'
import { once } from './once.ts'
import { findUnstorableText } from './storable-text.ts'
import { documentKey } from './validation.ts'

/** As a server hands it over: header names in lower case, `body` parsed, `undefined` if there was none. */
export type RequestInput = Readonly<{
  params?: Readonly<Record<string, unknown>>
  query?: Readonly<Record<string, unknown>>
  headers?: Readonly<Record<string, unknown>>
  body?: unknown
}>

export type RequestOutcome =
  | Readonly<{
      ok: true
      /** Coerced to the types of the contract, defaults filled in. */
      params: Readonly<Record<string, unknown>>
      query: Readonly<Record<string, unknown>>
      /** All that came, those in the contract coerced. */
      headers: Readonly<Record<string, unknown>>
      body: unknown
    }>
  | Readonly<{ ok: false; problem: RefusalCode; errors: readonly ProblemPlace[] }>

/** What the server answers: a path that does not fit names nothing, all else breaks the contract. */
export type RefusalCode = Extract<
  ProblemCode,
  'invalid-request' | 'not-found' | 'unsupported-media-type' | 'idempotency-key-invalid'
>

type Parameters = Record<string, unknown>

type Validation = Readonly<Record<'parameters' | 'bodies', () => Ajv2020>>

/** Compiled for the first request. */
export function createRequestValidator(
  document: OpenAPIV3_1.Document,
  operation: DeclaredOperation,
  validation: Validation,
): (input: RequestInput) => RequestOutcome {
  if (operation.raw)
    return ({ params = {}, query = {}, headers = {}, body }) => ({ ok: true, params, query, headers, body })

  const compiled = once(() => ({
    checkPath: compileParameters(operation, 'path', validation.parameters()),
    checkQuery: compileParameters(operation, 'query', validation.parameters()),
    checkHeaders: compileParameters(operation, 'header', validation.parameters()),
    checkBody: operation.body === 'json' ? compileBody(document, operation, validation.bodies()) : null,
  }))

  return (input) => {
    const { checkPath, checkQuery, checkHeaders, checkBody } = compiled()
    const params: Parameters = { ...input.params }
    const query = splitLists(operation, input.query)
    const headers: Parameters = { ...input.headers }
    if (!checkPath(params))
      return { ok: false, problem: 'not-found', errors: toContractErrors('path', checkPath.errors) }
    if (checkBody && isMissing(input.body) && hasOtherMediaType(headers)) {
      return { ok: false, problem: 'unsupported-media-type', errors: [] }
    }

    const errors = [
      ...(checkQuery(query) ? [] : toContractErrors('query', checkQuery.errors)),
      ...(checkHeaders(headers) ? [] : toContractErrors('header', checkHeaders.errors)),
      ...(checkBody?.(input.body) ?? []),
    ].slice(0, maxErrors)
    if (errors.length > 0) return { ok: false, problem: refusalCode(operation, errors), errors }
    return { ok: true, params, query, headers, body: checkBody ? input.body : undefined }
  }
}

function splitLists(operation: DeclaredOperation, query: RequestInput['query']): Parameters {
  const split: Parameters = { ...query }
  for (const { in: part, name, isList } of operation.parameters) {
    const value = split[name]
    if (part === 'query' && isList && typeof value === 'string') split[name] = value.split(',')
  }
  return split
}

function compileParameters(
  operation: DeclaredOperation,
  part: DeclaredParameter['in'],
  ajv: Ajv2020,
): ValidateFunction {
  const parameters = operation.parameters.filter((parameter) => parameter.in === part)
  return ajv.compile({
    type: 'object',
    required: parameters.filter((parameter) => parameter.required).map((parameter) => parameter.name),
    properties: Object.fromEntries(
      parameters.map((parameter) => [
        parameter.name,
        // ajv fills in a default only where it stands beside the reference, not behind it.
        {
          $ref: documentKey + toUriFragment(parameter.pointer),
          ...(parameter.default !== undefined && { default: parameter.default }),
        },
      ]),
    ),
    ...(part === 'query' && { additionalProperties: operation.furtherQuery }),
  })
}

function compileBody(
  document: OpenAPIV3_1.Document,
  operation: DeclaredOperation,
  ajv: Ajv2020,
): ((body: unknown) => readonly ProblemPlace[]) | null {
  const requestBody = lookUp(document, operation.pointer + toPointer('requestBody'))
  if (!requestBody) return null
  const { required } = requestBody.value as OpenAPIV3_1.RequestBodyObject
  const schemaPointer = requestBody.pointer + toPointer('content', 'application/json', 'schema')
  const check = ajv.compile({ $ref: documentKey + toUriFragment(schemaPointer) })

  return (body) => {
    if (isMissing(body)) return required ? [bodyError('', 'required', 'a JSON body is required')] : []
    // Before anything that might recurse or keep the text.
    if (valueDepthExceeds(body, maxJsonDepth)) {
      return [bodyError('', 'too-deep', `must not be nested deeper than ${maxJsonDepth} levels`)]
    }
    const unstorable = findUnstorableText(body, maxErrors)
    if (unstorable.length > 0) {
      return unstorable.map((pointer) =>
        bodyError(pointer, 'text', 'must not hold a NUL character or half of a surrogate pair'),
      )
    }
    return check(body) ? [] : toContractErrors('body', check.errors)
  }
}

function refusalCode(operation: DeclaredOperation, errors: readonly ProblemPlace[]): RefusalCode {
  const special = operation.parameters.find((parameter) => parameter.problemCode !== null)
  const pointer = special && toPointer(special.name)
  const isSpecial = special && errors.every((error) => error.in === special.in && error.pointer === pointer)
  return isSpecial ? (special.problemCode as RefusalCode) : 'invalid-request'
}

function bodyError(pointer: string, code: string, detail: string): ProblemPlace {
  return { in: 'body', pointer, code, detail }
}

function isMissing(body: unknown): boolean {
  return body === undefined
}

// A body parser leaves a body alone that is not declared as JSON, so it looks as if there were none.
function hasOtherMediaType(headers: Parameters): boolean {
  const type = headers['content-type']
  return typeof type === 'string' && type !== '' && !/^application\/(json|[\w.+-]+\+json)\s*(;|$)/i.test(type.trim())
}
