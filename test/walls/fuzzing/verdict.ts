import { secretIn } from '../../../src/adapters/http/answer-secrets.ts'
import type { ContractOperation } from '../../../src/adapters/http/contract.ts'
import { leakIn } from '../../support/planted.ts'
import type { Answered } from '../tenancy/calls.ts'

/** What of us no answer speaks of, in whatever words. */
const INNER =
  /\n\s+at |node_modules|file:\/\/\/(?!etc\/passwd)|MikroORM|ECONNREFUSED|syntax error at|violates|\bpg_catalog\b/

/** What is wrong with an answer; nothing where it is as the contract says. `anything` is an operation whose thing may be missing. */
export function faultsOf(
  operation: ContractOperation,
  anything: ContractOperation,
  answered: Answered,
  isElsewhere: boolean,
): readonly string[] {
  const { status, headers, text } = answered
  const type = headers['content-type'] ?? null
  const isJson = /^application\/([\w.-]+\+)?json\b/.test(type ?? '')
  let body: unknown = text === '' ? undefined : text
  if (isJson) {
    try {
      body = JSON.parse(text)
    } catch {
      return [`${status}: no JSON, and it says so`]
    }
  }
  const faults: string[] = []
  if (status === 500) faults.push('500: a bug')
  // A path that was changed may be none of the contract's: then nothing is there, in the form of all problems.
  const declared = isElsewhere && status === 404 ? anything : operation
  for (const { pointer, detail } of declared.validateResponse(status, type, body)) {
    faults.push(`${pointer || '(all)'} ${detail}`)
  }
  const secret = secretIn(operation.operationId, status, body)
  if (secret !== null) faults.push(`it gives away ${secret}`)
  if (leakIn(text) !== null) faults.push(`it gives away ${leakIn(text)}`)
  if (status >= 400 && INNER.test(text)) faults.push(`it speaks of what is inside: ${INNER.exec(text)?.[0]}`)
  if (headers['x-powered-by'] !== undefined) faults.push('it says what it is made with')
  return faults.map((fault) => `${fault}\n    ${status} ${text.slice(0, 600)}`)
}
