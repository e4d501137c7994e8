import { NotFound } from '../../../core/errors.ts'
import type { OrgId } from '../../../core/ids.ts'
import { organizationJson } from '../account-json.ts'
import { forSignedIn, json } from '../operation.ts'

export const switchOrganization = forSignedIn(({ accounts, sessions, streams }) => async ({ req, body, signedIn }) => {
  const { orgId } = body as Readonly<{ orgId: OrgId }>
  const membership = await accounts.membership(orgId, signedIn.userId)
  if (!membership?.active) throw new NotFound('organization')
  const { org } = membership
  const moved = await sessions.move(req, signedIn, org.id)
  streams.endSession(signedIn.sid)
  return json(200, { ...moved, orgId: org.id, org: organizationJson(org) })
})
