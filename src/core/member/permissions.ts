/** What somebody may be allowed to do; `openapi.yaml` names one of these for each operation as `x-permission`. */
export const PERMISSIONS = [
  'members:read',
  'channels:read',
  'tickets:read',
  'messages:read',
  'customers:read',
  'events:read',
  'tickets:write',
  'messages:send',
  'comments:moderate',
  'members:manage',
  'channels:manage',
  'apikeys:manage',
  'ops:manage',
  'customers:export',
  'customers:erase',
  'audit:read',
] as const

export type Permission = (typeof PERMISSIONS)[number]

export const ROLES = ['OWNER', 'ADMIN', 'AGENT', 'VIEWER'] as const

export type Role = (typeof ROLES)[number]

const LOOKS: readonly Permission[] = [
  'members:read',
  'channels:read',
  'tickets:read',
  'messages:read',
  'customers:read',
  'events:read',
]
const ANSWERS: readonly Permission[] = [...LOOKS, 'tickets:write', 'messages:send', 'comments:moderate']
const RUNS: readonly Permission[] = [
  ...ANSWERS,
  'members:manage',
  'channels:manage',
  'apikeys:manage',
  'ops:manage',
  'customers:export',
  'customers:erase',
  'audit:read',
]

const BUNDLES: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  OWNER: new Set(RUNS),
  ADMIN: new Set(RUNS),
  AGENT: new Set(ANSWERS),
  VIEWER: new Set(LOOKS),
}

/** A role is a bundle of permissions and nothing else: nobody is let in for being of a role. */
export const permissionsOf = (role: Role): ReadonlySet<Permission> => BUNDLES[role]

export const isPermission = (text: string): text is Permission => (PERMISSIONS as readonly string[]).includes(text)
