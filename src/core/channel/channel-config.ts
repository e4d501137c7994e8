import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import type { CorePorts } from '../../ports/core-ports.ts'
import { DomainError } from '../errors.ts'

type Config = Readonly<Record<string, unknown>>
type Property = Readonly<{ 'x-secret'?: boolean; 'x-installation-default'?: string }>

const properties = (adapter: ChannelAdapter): Readonly<Record<string, Property>> =>
  (adapter.settings.schema['properties'] ?? {}) as Record<string, Property>

export function validateConfig(
  adapter: ChannelAdapter,
  config: Config,
  validator: CorePorts['settingsValidator'],
): void {
  const errors = validator.validate(adapter.type, adapter.settings.schema, config)
  if (errors.length > 0) {
    throw new DomainError(
      'channel-config-invalid',
      `The settings of this ${adapter.type} channel are not complete or not valid.`,
      { errors },
    )
  }
}

/** What may be shown apart from what is encrypted. */
export function splitSecrets(
  adapter: ChannelAdapter,
  config: Config,
): { settings: Config; secrets: Readonly<Record<string, string>> } {
  const known = properties(adapter)
  const isSecret = ([name, value]: [string, unknown]) => known[name]?.['x-secret'] === true && typeof value === 'string'
  const entries = Object.entries(config)
  return {
    settings: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
    secrets: Object.fromEntries(entries.filter(isSecret)) as Record<string, string>,
  }
}

/**
 * Fills in what the installation supplies, while it has one organization: the operator's token does not speak for every
 * organization. With more, what is missing is the caller's to give.
 */
export async function withInstallationDefaults(
  adapter: ChannelAdapter,
  config: Config,
  ports: Readonly<{
    accounts: Pick<CorePorts['accounts'], 'countOrganizations'>
    settings: Pick<CorePorts['settings'], 'installationDefaults'>
  }>,
): Promise<Config> {
  const missing = Object.entries(properties(adapter)).flatMap(([name, { 'x-installation-default': variable }]) =>
    variable !== undefined && config[name] === undefined ? [{ name, variable }] : [],
  )
  if (missing.length === 0) return config
  const alone = (await ports.accounts.countOrganizations()) <= 1
  const filled: Record<string, unknown> = { ...config }
  const errors = missing.flatMap(({ name, variable }) => {
    const value = ports.settings.installationDefaults[variable]
    if (alone && value !== undefined) {
      filled[name] = value
      return []
    }
    const why = alone
      ? `and ${variable} is not set`
      : `and ${variable} is not used, since this installation has more than one organization`
    return [{ in: 'body' as const, pointer: `/config/${name}`, code: 'required', detail: `${name} is missing ${why}.` }]
  })
  if (errors.length > 0)
    throw new DomainError('channel-config-invalid', errors.map(({ detail }) => detail).join(' '), { errors })
  return filled
}
