import * as fc from 'fast-check'
import type { Contract, ContractOperation } from '../../../src/adapters/http/contract.ts'
import { isRecord, lookUp, toPointer } from '../../../src/adapters/schema-kit/json-pointer.ts'
import { fieldsOf } from '../tenancy/fields.ts'
import { ruleOf, type Thing } from '../tenancy/rules.ts'
import { storableText } from './hostile.ts'

/** In the place of an id, which is put in when the call is made. */
export type Named = Readonly<{ thing: Thing }>
export const isNamed = (value: unknown): value is Named => isRecord(value) && typeof value['thing'] === 'string'

/** What a field is to be given so that it says something, by `operationId.name` or the name alone. */
export type Known = Readonly<Record<string, fc.Arbitrary<unknown>>>

type Place = Readonly<{
  operation: ContractOperation
  in: 'path' | 'query' | 'header' | 'body'
  at: readonly string[]
  known: Known
}>

/** Values as the contract describes them; a text that names a thing is one's own by its rule of the tenancy suite. */
export function validValues(contract: Contract, operation: ContractOperation, known: Known) {
  const things = new Map<string, Thing>(
    fieldsOf(contract, operation).flatMap((field) => {
      // The tables of the rules speak of what is outside the path of an organization.
      if (field.in === 'path') return []
      const rule = ruleOf(field)
      return rule ? [[`${field.in} ${field.name} ${field.at.join('.')}`, rule.thing] as const] : []
    }),
  )
  const { document } = contract

  const of = (pointer: string, place: Place, name: string): fc.Arbitrary<unknown> => {
    const given = known[`${operation.operationId}.${name}`] ?? known[name]
    if (given) return given
    const thing = things.get(`${place.in} ${name} ${place.at.join('.')}`)
    if (thing) return fc.constant<Named>({ thing })
    const found = lookUp(document, pointer)
    if (!found || !isRecord(found.value)) throw new Error(`the contract has nothing at ${pointer}`)
    return ofSchema(found.value, found.pointer, place, name)
  }

  function ofSchema(schema: Record<string, unknown>, here: string, place: Place, name: string): fc.Arbitrary<unknown> {
    if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]))
    if ('const' in schema) return fc.constant(schema['const'])
    const types = ([schema['type']].flat() as (string | undefined)[]).filter((type) => type !== undefined)
    if (types.length === 0) {
      for (const form of ['oneOf', 'anyOf', 'allOf']) {
        const forms = schema[form]
        if (!Array.isArray(forms)) continue
        return fc.oneof(...forms.map((_, at) => of(here + toPointer(form, String(at)), place, name)))
      }
    }
    return fc.oneof(...types.map((type) => ofType(type, schema, here, place, name)))
  }

  function ofType(
    type: string,
    schema: Record<string, unknown>,
    here: string,
    place: Place,
    name: string,
  ): fc.Arbitrary<unknown> {
    const number = (key: string, otherwise: number) => Number(schema[key] ?? otherwise)
    switch (type) {
      case 'null':
        return fc.constant(null)
      case 'boolean':
        return fc.boolean()
      case 'integer':
      case 'number':
        return fc.integer({
          min: number('minimum', -1_000),
          max: Math.max(number('minimum', -1_000), number('maximum', 2 ** 31)),
        })
      case 'string':
        return textOf(schema)
      case 'array': {
        const items = here + toPointer('items')
        const most = Math.min(number('maxItems', 3), number('minItems', 0) + 2)
        return fc.array(of(items, { ...place, at: [...place.at, '[]'] }, name), {
          minLength: number('minItems', 0),
          maxLength: most,
        })
      }
      case 'object':
        return objectOf(schema, here, place)
      default:
        throw new Error(`no values for the type ${type} at ${here}`)
    }
  }

  function objectOf(schema: Record<string, unknown>, here: string, place: Place): fc.Arbitrary<unknown> {
    const properties = isRecord(schema['properties']) ? Object.keys(schema['properties']) : []
    const forms = Array.isArray(schema['oneOf']) ? (schema['oneOf'] as { required?: string[] }[]) : [{}]
    const always = (schema['required'] as string[] | undefined) ?? []
    const values = Object.fromEntries(
      properties.map((key) => [
        key,
        of(here + toPointer('properties', key), { ...place, at: [...place.at, key] }, key),
      ]),
    )
    const others = new Set(forms.flatMap(({ required = [] }) => required))
    const least = Number(schema['minProperties'] ?? 0)
    return fc
      .oneof(
        ...forms.map(({ required = [] }: { required?: string[] }) => {
          const keys = properties.filter((key) => required.includes(key) || !others.has(key))
          return fc.record(Object.fromEntries(keys.map((key) => [key, values[key]!])), {
            requiredKeys: [...always, ...required, ...keys.slice(0, least)],
          })
        }),
      )
      .map((made) => made as unknown)
  }

  return of
}

function textOf(schema: Record<string, unknown>): fc.Arbitrary<string> {
  const min = Number(schema['minLength'] ?? 0)
  const max = Number(schema['maxLength'] ?? 1_000)
  const { format, pattern } = schema as { format?: string; pattern?: string }
  if (format === 'uuid') return fc.uuid()
  if (format === 'uri')
    return fc.constantFrom('https://example.com/a.jpg', 'https://example.com/a/b?c=d#e', 'http://127.0.0.1/a.png')
  if (format === 'date-time' || pattern?.includes('T\\d{2}')) {
    return fc
      .date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString())
  }
  const isFree = pattern === undefined || /^\^(\\s\*\[\^\\s\\u0000\])?\[\^\\u0000\]\*\$$/.test(pattern)
  if (isFree) return storableText(min, max).map((text) => (text.trim() === '' && min > 0 ? 'words' : text))
  const form = new RegExp(pattern, 'u')
  return fc
    .stringMatching(form, { maxLength: max })
    .map((text) => (text.length < min ? text.padEnd(min, 'A') : text.slice(0, max)))
}
