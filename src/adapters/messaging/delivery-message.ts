import { Ajv } from 'ajv'
import type { ChannelId, OrgId, RawEventId } from '../../core/ids.ts'
import type { RawDelivery } from '../../ports/webhook-intake.ts'

/** What travels beside the body: as headers through the broker, as JSON in the jobs table. */
export type DeliveryFields = Readonly<{
  orgId: string
  channelId: string
  verified: boolean
  receivedAt: string
  requestId: string
}>

const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
const ajv = new Ajv({ allErrors: true })
const isFields = ajv.compile<DeliveryFields>({
  type: 'object',
  required: ['orgId', 'channelId', 'verified', 'receivedAt', 'requestId'],
  properties: {
    orgId: { type: 'string', pattern: UUID },
    channelId: { type: 'string', pattern: UUID },
    verified: { type: 'boolean' },
    receivedAt: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,3})?Z$' },
    requestId: { type: 'string', maxLength: 200 },
  },
})
const isId = new RegExp(UUID)

export function fieldsOf(delivery: RawDelivery): DeliveryFields {
  const { orgId, channelId, verified, receivedAt, requestId } = delivery
  return { orgId, channelId, verified, receivedAt: receivedAt.toISOString(), requestId }
}

export type ReadDelivery = Readonly<{ delivery: RawDelivery }> | Readonly<{ wrong: string }>

/** Another version of the program, or another program, may have written what we read. */
export function readDelivery(id: unknown, fields: unknown, body: unknown): ReadDelivery {
  if (typeof id !== 'string' || !isId.test(id)) return { wrong: 'the id is not a UUID' }
  if (!isFields(fields))
    return { wrong: `the fields are wrong: ${ajv.errorsText(isFields.errors, { dataVar: 'fields' })}` }
  if (!Buffer.isBuffer(body)) return { wrong: 'the body is not bytes' }
  const receivedAt = new Date(fields.receivedAt)
  if (Number.isNaN(receivedAt.getTime())) return { wrong: 'receivedAt is not a time' }
  return {
    delivery: {
      id: id as RawEventId,
      orgId: fields.orgId as OrgId,
      channelId: fields.channelId as ChannelId,
      body,
      verified: fields.verified,
      receivedAt,
      requestId: fields.requestId,
    },
  }
}

export const channelKey = ({ orgId, channelId }: Pick<DeliveryFields, 'orgId' | 'channelId'>): string =>
  `${orgId}:${channelId}`
