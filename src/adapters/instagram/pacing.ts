import type { PaceKind, Pacing, Rate } from '../../core/channel/pacing.ts'

const SECOND_MS = 1_000

type Limit = Readonly<{ setting: string; calls: number; perMs: number }>

/**
 * For each professional account. Of texts one page says 100 and another 300 a second; the smaller one is never too much.
 * https://developers.facebook.com/docs/instagram-platform/overview#rate-limiting
 */
export const LIMITS: Readonly<Record<PaceKind, Limit>> = {
  text: { setting: 'textsPerSecond', calls: 100, perMs: SECOND_MS },
  media: { setting: 'mediaPerSecond', calls: 10, perMs: SECOND_MS },
  conversations: { setting: 'conversationReadsPerSecond', calls: 2, perMs: SECOND_MS },
  'private-reply': { setting: 'privateRepliesPerHour', calls: 750, perMs: 3_600 * SECOND_MS },
}

/** A channel's `pacing` may only be slower: another program that uses the same account needs its share. */
export const instagramPacing: Pacing = (kind, settings): Rate => {
  const { setting, calls, perMs } = LIMITS[kind]
  const chosen: unknown = Reflect.get(Object(settings['pacing']), setting)
  return { calls: typeof chosen === 'number' && chosen >= 1 ? Math.min(chosen, calls) : calls, perMs }
}

/** The setting `pacing` of a channel. */
export const pacingSchema = {
  type: 'object',
  additionalProperties: false,
  description:
    'How fast calls for the account are made, where that is to be slower than what Instagram allows: another program may use the same account.',
  properties: Object.fromEntries(
    Object.values(LIMITS).map(({ setting, calls }) => [
      setting,
      { type: 'integer', minimum: 1, maximum: calls, default: calls },
    ]),
  ),
}
