import type { PlanSize } from './nemesis.ts'

export type TierSize = PlanSize &
  Readonly<{ webhooks: number; perSecond: number; organizations: number; people: number; repliesEveryMs: number }>

export const TIERS = {
  ci: {
    webhooks: 500,
    perSecond: 10,
    organizations: 2,
    people: 10,
    repliesEveryMs: 500,
    kills: 1,
    others: 1,
    failpoints: 0.1,
    brief: true,
  },
  nightly: {
    webhooks: 10_000,
    perSecond: 8,
    organizations: 4,
    people: 20,
    repliesEveryMs: 800,
    kills: 20,
    others: 3,
    failpoints: 1,
  },
  release: {
    webhooks: 100_000,
    perSecond: 16,
    organizations: 6,
    people: 50,
    repliesEveryMs: 500,
    kills: 200,
    others: 20,
    failpoints: 20,
  },
} as const satisfies Readonly<Record<string, TierSize>>
export type TierName = keyof typeof TIERS
