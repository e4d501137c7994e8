/**
 * Where a part is among what the account wrote, as `read_until` counts: a part of a reply comes a millisecond after the one before
 * it, so that who has seen the first has not seen the others. Of any other message it is the message's own time.
 */
export const placeOf = (message: string, part: string): string =>
  `${message}.sent_at + ${part}.position * interval '1 ms'`

/** Of the last part that is left of a message: with it all of the message was seen. */
export const placeOfLast = (message: string): string =>
  `${message}.sent_at + coalesce((select max(lp.position) from message_parts lp
     where lp.org_id = ${message}.org_id and lp.message_id = ${message}.id and lp.deleted_at is null), 0) * interval '1 ms'`

/** As many parts as a reply can have at most, in milliseconds: what is that much older was seen as a whole. */
export const MOST_PARTS_MS = 100
