import { Ajv, type ErrorObject } from 'ajv'
import { formats, redactUrl } from './formats.ts'
import type { ConfigProblem, Environment } from './types.ts'
import { type Values, type Variable, type VariableName, variables } from './variables.ts'

export type Given = Readonly<Partial<Record<VariableName, string>>>

/** Ajv takes `Infinity` for a whole number and holds it to no maximum: a limit that is none. */
const WHOLE = /^-?\d+$/

const table: readonly Variable[] = variables

const ajv = new Ajv({ allErrors: true, coerceTypes: true, useDefaults: true, formats: { ...formats } })
const validate = ajv.compile<Values>({
  type: 'object',
  properties: Object.fromEntries(
    table.map(({ name, schema, default: value }) => [
      name,
      value === undefined ? schema : { ...schema, default: value },
    ]),
  ),
})

/** `given` is what is set, as text; an empty variable counts as unset. `values` may be used once there are no problems. */
export function readVariables(environment: Environment): { given: Given; values: Values; problems: ConfigProblem[] } {
  const given: Partial<Record<VariableName, string>> = {}
  for (const { name } of variables) {
    const text = environment[name]?.trim()
    if (text) given[name] = text
  }
  const values: unknown = { ...given }
  const wrong = new Set(validate(values) ? [] : (validate.errors ?? []).map(nameOf))
  for (const { name, schema } of table) {
    const text = given[name as VariableName]
    if (schema['type'] === 'integer' && text !== undefined && !WHOLE.test(text)) wrong.add(name)
  }
  const problems = table.filter(({ name }) => wrong.has(name)).map((variable) => describe(variable, given))
  return { given, values: values as Values, problems }
}

function nameOf(error: ErrorObject): string {
  return error.instancePath.slice(1)
}

function describe({ name, must, secret }: Variable, given: Given): ConfigProblem {
  const value = given[name as VariableName] ?? ''
  const found = secret ? '' : `, but is ${JSON.stringify(URL.canParse(value) ? redactUrl(value) : value)}`
  return { name, problem: `${name} must be ${must}${found}.` }
}
