import { Ajv } from 'ajv'
import type { ChannelId, OrgId, RawEventId } from '../../core/ids.ts'
import type { AppDelivery, RawDelivery, SourceOptions, WebhookSource } from '../../ports/webhook-intake.ts'

/** What travels beside the body: as headers through the broker, as JSON in the jobs table. */
export type DeliveryFields = Readonly<{ receivedAt: string; requestId: string }> & (ForChannel | ForApp)
type ForChannel = Readonly<{ orgId: string; channelId: string; verified: boolean }>
type ForApp = Readonly<{ channelType: string }>

export type AnyDelivery = RawDelivery | AppDelivery

/**
 * Of what is written now, in its type through the broker (`webhook.v1`) and as `version` among the fields in the table, where
 * none means 1. Whoever changes the fields or their meaning counts it up.
 */
export const DELIVERY_VERSION = 1

/** Made by a newer version of the program, which may run beside this one: it waits until one comes that knows it. */
export const isNewer = (version: unknown): boolean =>
  typeof version === 'number' && Number.isInteger(version) && version > DELIVERY_VERSION

const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
const ajv = new Ajv({ allErrors: true })
const isFields = ajv.compile<DeliveryFields>({
  type: 'object',
  required: ['receivedAt', 'requestId'],
  if: { required: ['channelType'] },
  else: { required: ['orgId', 'channelId', 'verified'] },
  properties: {
    channelType: { type: 'string', pattern: '^[A-Z][A-Z0-9_]{0,39}$' },
    orgId: { type: 'string', pattern: UUID },
    channelId: { type: 'string', pattern: UUID },
    verified: { type: 'boolean' },
    receivedAt: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,3})?Z$' },
    requestId: { type: 'string', maxLength: 200 },
  },
})
const isId = new RegExp(UUID)

export function fieldsOf(delivery: AnyDelivery): DeliveryFields {
  const common = { receivedAt: delivery.receivedAt.toISOString(), requestId: delivery.requestId }
  if (isForApp(delivery)) return { channelType: delivery.channelType, ...common }
  const { orgId, channelId, verified } = delivery
  return { orgId, channelId, verified, ...common }
}

export const isForApp = (delivery: AnyDelivery): delivery is AppDelivery => 'channelType' in delivery

export type ReadDelivery = Readonly<{ delivery: AnyDelivery }> | Readonly<{ wrong: string }>

/** Another version of the program, or another program, may have written what we read. */
export function readDelivery(id: unknown, fields: unknown, body: unknown): ReadDelivery {
  if (typeof id !== 'string' || !isId.test(id)) return { wrong: 'the id is not a UUID' }
  if (!isFields(fields))
    return { wrong: `the fields are wrong: ${ajv.errorsText(isFields.errors, { dataVar: 'fields' })}` }
  if (!Buffer.isBuffer(body)) return { wrong: 'the body is not bytes' }
  const receivedAt = new Date(fields.receivedAt)
  if (Number.isNaN(receivedAt.getTime())) return { wrong: 'receivedAt is not a time' }
  const common = { id: id as RawEventId, body, receivedAt, requestId: fields.requestId }
  if ('channelType' in fields) return { delivery: { ...common, channelType: fields.channelType } }
  const { orgId, channelId, verified } = fields
  return { delivery: { ...common, orgId: orgId as OrgId, channelId: channelId as ChannelId, verified } }
}

/** What is handed out together. */
export const batchKey = (delivery: AnyDelivery): string =>
  isForApp(delivery) ? `app:${delivery.channelType}` : `${delivery.orgId}:${delivery.channelId}`

/** Whose a batch of this key is: an organization, or `app` for bodies that are nobody's before they are split. */
export const ownerOf = (key: string): string => key.replace(/:.*/s, '')

/** One handler for batches of either kind, which a source never mixes. */
export function handlerOfAny(
  handle: Parameters<WebhookSource['start']>[0],
  { handleForApp }: SourceOptions,
): (batch: readonly AnyDelivery[], signal: AbortSignal) => Promise<void> {
  return (batch, signal) => {
    const forApp = batch.filter(isForApp)
    if (forApp.length === 0)
      return handle(
        batch.filter((delivery): delivery is RawDelivery => !isForApp(delivery)),
        signal,
      )
    return handleForApp?.(forApp) ?? Promise.reject(new Error('Nobody takes deliveries for a whole app here.'))
  }
}
