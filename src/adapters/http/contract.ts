import { readFileSync } from 'node:fs'
import { CORE_SCHEMA, load } from 'js-yaml'
import type { OpenAPIV3_1 } from 'openapi-types'
import type { ResponseError } from './contract/contract-error.ts'
import { collectOperations, type DeclaredOperation } from './contract/declared-operation.ts'
import { once } from './contract/once.ts'
import { createRequestValidator, type RequestInput, type RequestOutcome } from './contract/request-validator.ts'
import { createResponseValidator } from './contract/response-validator.ts'
import { bodyValidation, parameterValidation, responseValidation } from './contract/validation.ts'

export type { ResponseError } from './contract/contract-error.ts'
export {
  type DeclaredPermission,
  isOfOrganization,
  needsSession,
  type ReauthRule,
} from './contract/declared-operation.ts'
export { type JsonExcess, jsonExcess, maxJsonDepth, maxJsonValues } from './contract/json-bounds.ts'
export type { RequestInput, RequestOutcome } from './contract/request-validator.ts'

export type ContractOperation = DeclaredOperation &
  Readonly<{
    /** Never throws, whatever the input is. Raw operations are let through untouched. */
    validateRequest(input: RequestInput): RequestOutcome
    /** What is wrong with an answer, empty if nothing is. `body` is what the client would parse. */
    validateResponse(status: number, contentType: string | null, body: unknown): readonly ResponseError[]
  }>

export type Contract = Readonly<{
  document: OpenAPIV3_1.Document
  /** The file as it was written, for `/openapi.yaml`. */
  source: string
  operations: readonly ContractOperation[]
  /** Throws for an id that the document does not have. */
  operation(operationId: string): ContractOperation
}>

/** `openapi.yaml` lies at the root of the project, as far up from `src/adapters/http` as from `dist/adapters/http`. */
export const contractFile = new URL('../../../openapi.yaml', import.meta.url)

/** Reads the document. Compiling all of its validators takes longer than that: each waits until it is used. */
export function loadContract(file: URL = contractFile): Contract {
  const source = readFileSync(file, 'utf8')
  const document = load(source, { schema: CORE_SCHEMA }) as OpenAPIV3_1.Document
  const validation = {
    parameters: once(() => parameterValidation(document)),
    bodies: once(() => bodyValidation(document)),
    responses: once(() => responseValidation(document)),
  }

  const operations = collectOperations(document).map(
    (declared): ContractOperation => ({
      ...declared,
      validateRequest: createRequestValidator(document, declared, validation),
      validateResponse: createResponseValidator(document, declared, validation.responses),
    }),
  )
  const byId = new Map(operations.map((operation) => [operation.operationId, operation]))
  return {
    document,
    source,
    operations,
    operation(operationId) {
      const found = byId.get(operationId)
      if (!found) throw new Error(`openapi.yaml has no operation ${operationId}`)
      return found
    },
  }
}
