import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js'
import type { OpenAPIV3_1 } from 'openapi-types'
import { isRecord, lookUp, toPointer, toUriFragment } from '../../schema-kit/json-pointer.ts'
import { type ResponseError, toContractErrors } from './contract-error.ts'
import type { DeclaredOperation } from './declared-operation.ts'
import { documentKey } from './validation.ts'

/**
 * Checks an answer: its status and content type are declared, JSON fits the schema and has no field that is not
 * described, and a problem's code is one that the operation declares for this status.
 */
export function createResponseValidator(
  document: OpenAPIV3_1.Document,
  operation: DeclaredOperation,
  validation: () => Ajv2020,
): (status: number, contentType: string | null, body: unknown) => readonly ResponseError[] {
  const compiled = new Map<string, ValidateFunction>()

  return (status, contentType, body) => {
    const response = lookUp(document, operation.pointer + toPointer('responses', String(status)))
    if (!response) return [wrong('undeclared', `${operation.operationId} declares no answer with status ${status}`)]
    const declared = response.value as OpenAPIV3_1.ResponseObject
    const types = Object.keys(declared.content ?? {})
    if (types.length === 0) {
      return body === undefined || body === '' ? [] : [wrong('undeclared', `an answer with ${status} has no body`)]
    }

    const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
    if (!types.includes(type) && !types.includes('*/*'))
      return [wrong('undeclared', `${status} is ${types.join(' or ')}, not ${type || 'untyped'}`)]
    if (!/^application\/([\w.-]+\+)?json$/.test(type)) return []

    const pointer = response.pointer + toPointer('content', type, 'schema')
    const check = compiled.get(pointer) ?? validation().compile({ $ref: documentKey + toUriFragment(pointer) })
    compiled.set(pointer, check)
    if (!check(body)) return toContractErrors('response', check.errors)
    return type === 'application/problem+json' ? checkProblem(status, declared, body) : []
  }
}

function checkProblem(status: number, declared: OpenAPIV3_1.ResponseObject, body: unknown): readonly ResponseError[] {
  const problem = isRecord(body) ? body : {}
  const codes: unknown = Reflect.get(declared, 'x-problem-codes')
  const code = String(problem['code'])
  const errors: ResponseError[] = []
  if (problem['status'] !== status)
    errors.push(wrong('status', `must be the status of the answer, ${status}`, '/status'))
  if (!Array.isArray(codes) || !codes.includes(code)) {
    errors.push(wrong('undeclared', `the code ${code} is not declared for ${status}`, '/code'))
  }
  return errors
}

function wrong(code: string, detail: string, pointer = ''): ResponseError {
  return { in: 'response', pointer, code, detail }
}
