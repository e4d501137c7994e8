import { deadLetterFilter } from '../dead-letter-filter.ts'
import { MANAGERS } from '../member-roles.ts'
import { forMembers, json } from '../operation.ts'

export const replayDeadLetters = forMembers(MANAGERS, ({ core }) => async ({ actor, body }) => {
  const filter = deadLetterFilter(body as Readonly<Record<string, unknown>>)
  return json(202, await core.reviveDeadLetters(actor, filter))
})
