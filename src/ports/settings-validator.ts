import type { FieldError } from '../core/errors.ts'

export interface SettingsValidator {
  /** Checks a channel's `config` against its adapter's JSON Schema; pointers begin with `/config`. */
  validate(channelType: string, schema: Readonly<Record<string, unknown>>, config: unknown): readonly FieldError[]
}
