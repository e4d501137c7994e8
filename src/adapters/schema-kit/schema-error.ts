import type { ErrorObject } from 'ajv'
import { toPointer } from './json-pointer.ts'

/** `pointer` is a JSON pointer into what was checked: for what is missing or unknown, to that. */
export type SchemaBreach = Readonly<{ pointer: string; code: string; detail: string }>

/** What a person reads of one breach of a JSON Schema, in the same words wherever one is checked. Never repeats the value at fault. */
export function describeSchemaError(error: ErrorObject, noun: string): SchemaBreach {
  const { instancePath, keyword } = error
  const params = error.params as Record<string, unknown>
  switch (keyword) {
    case 'required':
    case 'dependentRequired':
      return {
        pointer: instancePath + toPointer(String(params['missingProperty'])),
        code: 'required',
        detail: 'is required',
      }
    case 'additionalProperties':
      return {
        pointer: instancePath + toPointer(String(params['additionalProperty'])),
        code: 'unknown',
        detail: `is not a known ${noun}`,
      }
    case 'type':
      return { pointer: instancePath, code: 'type', detail: `must be ${typeNames(params['type'])}` }
    case 'enum':
      return { pointer: instancePath, code: 'enum', detail: `must be one of ${list(params['allowedValues'])}` }
    case 'const':
      return { pointer: instancePath, code: 'enum', detail: `must be ${String(params['allowedValue'])}` }
    case 'format':
      return { pointer: instancePath, code: 'format', detail: `must be ${formatName(String(params['format']))}` }
    case 'pattern':
      return { pointer: instancePath, code: 'pattern', detail: `must match ${String(params['pattern'])}` }
    default:
      return { pointer: instancePath, code: limitCodes[keyword] ?? 'invalid', detail: limit(keyword, params['limit']) }
  }
}

const limitCodes: Readonly<Record<string, string>> = {
  minLength: 'too-short',
  maxLength: 'too-long',
  minimum: 'too-small',
  maximum: 'too-large',
  minItems: 'too-few',
  maxItems: 'too-many',
  minProperties: 'too-few',
  maxProperties: 'too-many',
}

function limit(keyword: string, value: unknown): string {
  const amount = String(value)
  if (keyword === 'minLength') return `must have at least ${amount} character${value === 1 ? '' : 's'}`
  if (keyword === 'maxLength') return `must have at most ${amount} characters`
  if (keyword === 'minimum') return `must be at least ${amount}`
  if (keyword === 'maximum') return `must be at most ${amount}`
  if (keyword === 'minItems') return `must have at least ${amount} item${value === 1 ? '' : 's'}`
  if (keyword === 'maxItems') return `must have at most ${amount} item${value === 1 ? '' : 's'}`
  if (keyword === 'minProperties') return `must have at least ${amount} field${value === 1 ? '' : 's'}`
  return `does not fit the contract (${keyword})`
}

function typeNames(type: unknown): string {
  return (Array.isArray(type) ? type : String(type).split(',')).map(typeName).join(' or ')
}

function typeName(type: string): string {
  if (type === 'null') return 'null'
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function formatName(format: string): string {
  if (format === 'uuid') return 'a UUID'
  if (format === 'email') return 'an e-mail address'
  if (format === 'date-time') return 'a time like 2026-11-22T08:00:00.000Z'
  return `a valid ${format}`
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map(String).join(', ') : ''
}
