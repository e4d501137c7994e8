import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import type { FieldError } from '../core/errors.ts'
import type { SettingsValidator } from '../ports/settings-validator.ts'

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

/** A missing setting's pointer names the setting, an unknown one's names it too. */
function toFieldError({ instancePath, keyword, params, message }: ErrorObject): FieldError {
  const name = (params['missingProperty'] ?? params['additionalProperty']) as string | undefined
  const code = keyword === 'additionalProperties' ? 'unknown-field' : keyword
  return {
    in: 'body',
    pointer: `/config${instancePath}${name === undefined ? '' : `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`}`,
    code,
    detail: keyword === 'additionalProperties' ? 'is not a setting of this channel type' : (message ?? 'is not valid'),
  }
}
