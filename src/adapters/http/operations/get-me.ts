import { PERMISSIONS, permissionsOf } from '../../../core/member/permissions.ts'
import { organizationJson, userJson } from '../account-json.ts'
import { forSignedIn, json } from '../operation.ts'
import { RequestError } from '../request-error.ts'

export const getMe = forSignedIn(({ accounts }) => async ({ signedIn }) => {
  const { userId, orgId, expiresAt } = signedIn
  const [user, memberships] = await Promise.all([accounts.user(userId), accounts.memberships(userId)])
  const membership = memberships.find(({ org }) => org.id === orgId) ?? memberships[0]
  if (user === null || membership === undefined) {
    throw new RequestError('unauthenticated', 'This account is not a member of any organization.')
  }
  const { org, memberId, role } = membership
  const permissions = PERMISSIONS.filter((permission) => permissionsOf(role).has(permission))
  return json(200, {
    user: userJson(user),
    org: organizationJson(org),
    orgId: org.id,
    memberId,
    role,
    permissions,
    expiresAt,
  })
})
