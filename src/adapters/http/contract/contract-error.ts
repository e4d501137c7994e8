import type { ErrorObject } from 'ajv'
import { describeSchemaError } from '../../schema-kit/schema-error.ts'
import type { ProblemPlace } from '../problem.ts'

/** One place in an answer that does not follow the contract. */
export type ResponseError = Omit<ProblemPlace, 'in'> & Readonly<{ in: 'response' }>

type Part = ProblemPlace['in'] | 'response'

/** An answer names at most so many places. */
export const maxErrors = 50

/** One for each place: what is of the wrong type need not be told its format too. Never repeats the value at fault. */
export function toContractErrors<P extends Part>(
  part: P,
  errors: readonly ErrorObject[] | null | undefined,
): readonly (Omit<ProblemPlace, 'in'> & Readonly<{ in: P }>)[] {
  const places = new Map<string, Omit<ProblemPlace, 'in'> & Readonly<{ in: P }>>()
  for (const error of withoutOtherForms(errors ?? [])) {
    const described = describeSchemaError(error, part === 'query' ? 'parameter' : 'field')
    if (!places.has(described.pointer)) places.set(described.pointer, { in: part, ...described })
    if (places.size === maxErrors) break
  }
  return [...places.values()]
}

/** Where what was given says which form is meant, what only the other forms want is no news. */
function withoutOtherForms(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const settled = new Set(
    errors.filter(({ keyword }) => keyword === 'dependentRequired').map(({ instancePath }) => instancePath),
  )
  return errors.filter(
    ({ instancePath, schemaPath }) => !(settled.has(instancePath) && /\/oneOf(\/|$)/.test(schemaPath)),
  )
}
