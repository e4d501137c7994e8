import type { DeadLetterId } from '../../../core/ids.ts'
import { forMembers, json } from '../operation.ts'

export const replayDeadLetter = forMembers(({ core }) => async ({ actor, params }) => {
  await core.reviveDeadLetter(actor, params['deadLetterId'] as DeadLetterId)
  return json(202, { matched: 1 })
})
