import type { Contract, ContractOperation } from '../../../src/adapters/http/contract.ts'
import { isRecord, lookUp, toPointer } from '../../../src/adapters/schema-kit/json-pointer.ts'

/** One place of a request that takes a text which may be an id. */
export type Field = Readonly<{
  operation: ContractOperation
  in: 'path' | 'query' | 'header' | 'body'
  name: string
  /** In a body: the keys that lead there, `[]` for an element of a list. */
  at: readonly string[]
}>

/** Texts that say what they are, so that none of them is an id. */
const SAYS_WHAT_IT_IS = new Set(['date-time', 'date', 'uri', 'email'])

/** Every such place of an operation, as the contract declares it. */
export function fieldsOf({ document }: Contract, operation: ContractOperation): readonly Field[] {
  const parameters = operation.parameters.flatMap(({ in: part, name, pointer }) =>
    textsAt(document, pointer, []).map((at): Field => ({ operation, in: part, name, at })),
  )
  const body = operation.pointer + toPointer('requestBody', 'content', 'application/json', 'schema')
  const inBody = operation.body === 'json' && !operation.raw ? textsAt(document, body, []) : []
  return [...parameters, ...inBody.map((at): Field => ({ operation, in: 'body', name: nameOf(at), at }))]
}

const nameOf = (at: readonly string[]) => at.findLast((key) => key !== '[]') ?? ''

/** Where below a schema there is a text, or an object that may hold anything. */
function textsAt(document: unknown, pointer: string, at: readonly string[]): readonly (readonly string[])[] {
  const found = lookUp(document, pointer)
  if (!found || !isRecord(found.value)) return []
  const { value: schema, pointer: here } = found
  const below = (key: string, ...segments: readonly string[]) =>
    textsAt(document, here + toPointer(...segments), key === '' ? at : [...at, key])
  const places: (readonly string[])[] = []
  for (const form of ['oneOf', 'anyOf', 'allOf']) {
    const forms = schema[form]
    if (Array.isArray(forms)) for (const index of forms.keys()) places.push(...below('', form, String(index)))
  }
  if (isRecord(schema['properties'])) {
    for (const key of Object.keys(schema['properties'])) places.push(...below(key, 'properties', key))
  }
  if (schema['items'] !== undefined) places.push(...below('[]', 'items'))
  const types = [schema['type']].flat()
  const isText = types.includes('string') && schema['enum'] === undefined && schema['const'] === undefined
  if (isText && !SAYS_WHAT_IT_IS.has(String(schema['format']))) places.push(at)
  if (types.includes('object') && schema['additionalProperties'] !== false) places.push(at)
  return [...new Map(places.map((place) => [place.join('\0'), place])).values()]
}
