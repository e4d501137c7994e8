import { channelWarnings } from '../../core/channel/channel-warnings.ts'
import type { ChannelRegistry } from '../../ports/channel-registry.ts'
import type { ChannelView } from '../../ports/views.ts'

type Context = Readonly<{ publicUrl: string; registry: ChannelRegistry }>

/** A channel as clients see it: where the platform has to deliver, and of its secrets only which are set. */
export function channelJson(view: ChannelView, { publicUrl, registry }: Context) {
  const { config, secretsSet, health } = view
  const secrets = new Set([...secretsSet, ...secretNames(registry, view.type)])
  const settings = Object.fromEntries(Object.entries(config).filter(([name]) => !secrets.has(name)))
  return {
    id: view.id,
    channelId: view.id,
    orgId: view.orgId,
    type: view.type,
    platform: view.platform,
    name: view.name,
    status: view.status,
    config: { ...settings, ...Object.fromEntries(secretsSet.map((name) => [name, { set: true }])) },
    secretsSet,
    retentionDays: view.retentionDays,
    webhook: webhookOf(view, { publicUrl, registry }),
    warnings: channelWarnings(view, registry.get(view.type)),
    health,
    createdAt: view.createdAt,
    updatedAt: view.updatedAt,
    version: view.version,
  }
}

/** Where to have the platform deliver: a channel that was connected by login shares the address of its app, whoever's it is. */
function webhookOf({ id, type, config, isBound }: ChannelView, { publicUrl, registry }: Context) {
  const base = webhookBase(config, publicUrl)
  const shared = isBound ? registry.get(type)?.app?.name : undefined
  return shared === undefined
    ? { callbackUrl: `${base}/${id}`, scope: 'CHANNEL' }
    : { callbackUrl: `${base}/${shared}`, scope: 'APP' }
}

/** The address the customer entered, since a tunnel's is known to nobody else; else our own. */
function webhookBase(config: ChannelView['config'], publicUrl: string): string {
  const entered = config['webhookUrl']
  return typeof entered === 'string' && URL.canParse(entered) ? entered.replace(/\/+$/, '') : `${publicUrl}/webhook`
}

/** The second wall: what the adapter marks as secret is never shown, wherever it was stored. */
function secretNames(registry: ChannelRegistry, type: string): readonly string[] {
  const properties = registry.get(type)?.settings.schema['properties'] ?? {}
  return Object.entries(properties).flatMap(([name, schema]) =>
    Reflect.get(Object(schema), 'x-secret') === true ? [name] : [],
  )
}
