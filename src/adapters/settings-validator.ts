import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import type { FieldError } from '../core/errors.ts'
import type { SettingsValidator } from '../ports/settings-validator.ts'
import { describeSchemaError } from './schema-kit/schema-error.ts'

/** Channel settings against the adapter's own schema, compiled once a type. */
export function createSettingsValidator(): SettingsValidator {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  const addFormats = addFormatsModule as unknown as (instance: Ajv2020) => void
  addFormats(ajv)
  const compiled = new Map<string, ValidateFunction>()
  return {
    validate(channelType, schema, config) {
      const check = compiled.get(channelType) ?? ajv.compile(schema)
      compiled.set(channelType, check)
      return check(config) ? [] : (check.errors ?? []).map(toFieldError)
    },
  }
}

function toFieldError(error: ErrorObject): FieldError {
  const { pointer, code, detail } = describeSchemaError(error, 'setting of this channel type')
  return { in: 'body', pointer: `/config${pointer}`, code, detail }
}
