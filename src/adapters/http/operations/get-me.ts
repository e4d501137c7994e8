import { PERMISSIONS, type Permission, permissionsOf } from '../../../core/member/permissions.ts'
import { organizationJson, userJson } from '../account-json.ts'
import { forSignedIn, json } from '../operation.ts'
import { RequestError } from '../request-error.ts'

export const getMe = forSignedIn(({ accounts }) => async ({ signedIn }) => {
  const { userId, orgId, expiresAt, key } = signedIn
  const [user, memberships] = await Promise.all([accounts.user(userId), accounts.memberships(userId)])
  // A key is one organization's, and tells of no other.
  const membership = memberships.find(({ org }) => org.id === orgId) ?? (key === null ? memberships[0] : undefined)
  if (user === null || membership === undefined) {
    throw new RequestError('unauthenticated', 'This account is not a member of any organization.')
  }
  const { org, memberId, role } = membership
  const has = (permission: Permission) =>
    permissionsOf(role).has(permission) && (key === null || key.scopes.includes(permission))
  const permissions = PERMISSIONS.filter(has)
  return json(200, {
    user: userJson(user),
    org: organizationJson(org),
    orgId: org.id,
    memberId,
    role,
    permissions,
    memberships: (key === null ? memberships : [membership]).map((one) => ({
      org: organizationJson(one.org),
      memberId: one.memberId,
      role: one.role,
    })),
    expiresAt,
    apiKeyId: key?.id ?? null,
  })
})
