import type { Referral } from '../../core/channel/inbound-event.ts'
import { asShape, readId, readText, type Shape } from '../channel-kit/fields.ts'
import type { AdContext, ReferralFields } from './webhook-payload.ts'

/** Every member may be missing, an ad's id may be a number; null where nothing is told. */
export function readReferral(value: unknown): Referral | null {
  const fields = asShape<ReferralFields>(value)
  if (fields === null) return null
  const referral: Referral = {
    source: readText(fields.source),
    ref: readText(fields.ref),
    adId: readId(fields.ad_id),
    adTitle: readText(asShape<AdContext>(fields.ads_context_data)?.ad_title),
    productId: readId(asShape<Shape<'id'>>(fields.product)?.id),
  }
  return Object.values(referral).some((fact) => fact !== null) ? referral : null
}
