import { Ajv2020, type Options } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import type { OpenAPIV3_1 } from 'openapi-types'
import { isRecord } from '../../schema-kit/json-pointer.ts'

/** The document's key in each instance. A schema in it is `openapi#/components/…`. */
export const documentKey = 'openapi'

// The package is CommonJS and its typing names the module where the import gives the function.
const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => void

/** For the body of a request. What is written as a string stays a string. */
export function bodyValidation(document: OpenAPIV3_1.Document): Ajv2020 {
  return validation(document, {})
}

/** For path, query and header, where everything arrives as text. */
export function parameterValidation(document: OpenAPIV3_1.Document): Ajv2020 {
  return validation(document, { coerceTypes: 'array', useDefaults: true })
}

/** For answers. Clients must put up with new fields, but this server does not send one that it did not describe. */
export function responseValidation(document: OpenAPIV3_1.Document): Ajv2020 {
  const closed = structuredClone(document)
  for (const schema of Object.values(closed.components?.schemas ?? {})) closeObjects(schema)
  return validation(closed, {})
}

function validation(document: OpenAPIV3_1.Document, options: Options): Ajv2020 {
  // The document as a whole is not a JSON Schema, so there is nothing to hold against the meta-schema.
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false, ...options })
  addFormats(ajv)
  ajv.addSchema(document, documentKey)
  return ajv
}

function closeObjects(schema: unknown): void {
  if (Array.isArray(schema)) for (const item of schema) closeObjects(item)
  if (!isRecord(schema)) return
  const isObject = schema['type'] === 'object' || (Array.isArray(schema['type']) && schema['type'].includes('object'))
  if (isObject && isRecord(schema['properties'])) schema['additionalProperties'] ??= false
  for (const [keyword, inner] of Object.entries(schema)) {
    if (keyword === 'properties' && isRecord(inner)) for (const property of Object.values(inner)) closeObjects(property)
    else if (['items', 'oneOf', 'anyOf', 'additionalProperties'].includes(keyword)) closeObjects(inner)
  }
}
