import { deadLetterFilter } from '../dead-letter-filter.ts'
import { answerPage } from '../list.ts'
import { MANAGERS } from '../member-roles.ts'
import { forMembers } from '../operation.ts'

export const listDeadLetters = forMembers(MANAGERS, ({ cursors, queries }) => (call) => {
  const filter = deadLetterFilter(call.query)
  return answerPage({ cursors }, call, { ...filter }, (page) => queries.deadLetters(call.actor.orgId, filter, page))
})
