import { answerPage } from '../list.ts'
import { forMembers } from '../operation.ts'

export const listApiKeys = forMembers(
  ({ apiKeys, cursors }) =>
    (call) =>
      answerPage({ cursors }, call, {}, (page) => apiKeys.keys(call.actor.orgId, page)),
)
