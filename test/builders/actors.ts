import { type Actor, actingMember } from '../../src/core/actor.ts'

type Who = Pick<Actor, 'orgId' | 'memberId' | 'userId'>

/** Somebody who may do everything. */
export const anOwner = ({ orgId, memberId, userId }: Who): Actor =>
  actingMember({ orgId, memberId, userId, role: 'OWNER', requestId: 'a-test' })
