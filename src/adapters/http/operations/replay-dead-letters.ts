import { deadLetterFilter } from '../dead-letter-filter.ts'
import { forMembers, json } from '../operation.ts'

export const replayDeadLetters = forMembers(({ core }) => async ({ actor, body }) => {
  const filter = deadLetterFilter(body as Readonly<Record<string, unknown>>)
  return json(202, await core.reviveDeadLetters(actor, filter))
})
