import type { SimulatedMedia } from './world.ts'

/** What is told of a post of the account's own. */
export const aboutPost = ({ id, caption }: SimulatedMedia) => ({
  id,
  caption,
  media_type: 'IMAGE',
  media_product_type: 'FEED',
  permalink: `https://www.instagram.com/p/${id}/`,
  media_url: `https://scontent.cdninstagram.com/v/${id}.jpg?oe=simulated`,
})

/** Graph gives the fields that were asked for, and the id always; a null is left out. */
export const pick = (object: Record<string, unknown>, fields: readonly string[]): object =>
  Object.fromEntries(
    Object.entries(object).filter(([name, value]) => value !== null && (name === 'id' || fields.includes(name))),
  )
