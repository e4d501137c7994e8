import { NotFound } from '../../../core/errors.ts'
import type { OrgId } from '../../../core/ids.ts'
import { organizationJson } from '../account-json.ts'
import { forSignedIn, json } from '../operation.ts'
import { refuseOlder } from '../organization-guard.ts'
import { marked } from '../security-refusals.ts'
import type { Begun } from '../session.ts'

export const switchOrganization = forSignedIn(({ accounts, core, security, sessions, streams }) => async (call) => {
  const { req, body, requestId, signedIn } = call
  const { orgId } = body as Readonly<{ orgId: OrgId }>
  const membership = await accounts.membership(orgId, signedIn.userId)
  if (!membership?.active)
    throw marked(new NotFound('organization'), 'organization.refused', { askedOrgId: orgId.toLowerCase() })
  refuseOlder(membership, signedIn)
  const { org, memberId } = membership
  const { userId } = signedIn
  const answer = (begun: Begun) => json(200, { ...begun, orgId: org.id, org: organizationJson(org) })
  // Nothing happened, so nothing is noted: the audit log has no row for each time that somebody asks.
  if (org.id === signedIn.orgId) return answer(sessions.asItIs(req, signedIn))
  const moved = await sessions.move(req, signedIn, org.id)
  streams.endSession(signedIn.sid)
  security.done('organization.switched', call, { orgId: org.id, memberId, fromOrgId: signedIn.orgId })
  await core.noteAccess({ orgId: org.id, userId, action: 'organization.switched', requestId })
  return answer(moved)
})
