import type { Referrals, ReferralView } from '../../../ports/views.ts'

/** As jsonb has it. */
export type StoredReferral = Omit<ReferralView, 'at'> & { at: string }

export const referralsOf = (row: {
  first_referral: StoredReferral | null
  last_referral: StoredReferral | null
}): Referrals => ({ first: referralOf(row.first_referral), last: referralOf(row.last_referral) })

const referralOf = (stored: StoredReferral | null): ReferralView | null =>
  stored && { ...stored, at: new Date(stored.at) }
