import { deadLetterFilter } from '../dead-letter-filter.ts'
import { answerPage } from '../list.ts'
import { forMembers } from '../operation.ts'

export const listDeadLetters = forMembers(({ cursors, queries }) => (call) => {
  const filter = deadLetterFilter(call.query)
  return answerPage({ cursors }, call, { ...filter }, (page) => queries.deadLetters(call.actor.orgId, filter, page))
})
