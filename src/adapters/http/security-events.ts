/**
 * Everything that has a line of its own for whoever watches over the installation. The names are stable: alarms are set on them.
 * docs/operations.md has the same table, and each name has a test that provokes it.
 */
export const SECURITY_EVENTS = {
  'sign-up.succeeded': 'somebody made an account and an organization',
  'sign-up.refused': 'signing up was refused: it is closed, or the address is taken',
  'sign-in.succeeded': 'somebody signed in',
  'sign-in.failed': 'a password or an address at signing in was wrong',
  'sign-out': 'somebody signed out',
  'session.ended': 'sessions were ended by their person or by an administrator, or with a membership',
  'session.refused': 'a request came without a session that is good',
  'organization.switched': 'a session went on in another organization of its person',
  'organization.refused': 'somebody asked for an organization that they do not belong to',
  'password.changed': 'somebody changed their password',
  'password.reset-asked': 'a link for a new password was asked for',
  'password.reset': 'a new password was set by a link',
  'password.reset-refused': 'a link for a new password was of no use',
  'reauthentication.succeeded': 'somebody gave their password again',
  'reauthentication.failed': 'whoever is signed in gave a wrong password',
  'reauthentication.required': 'something weighty was asked for without a password given lately',
  'invitation.accepted': 'somebody joined by an invitation',
  'invitation.refused': 'the link of an invitation was of no use',
  'api-key.created': 'an API key was made',
  'api-key.revoked': 'an API key was revoked',
  'api-key.refused': 'an API key was refused',
  'permission.refused': 'somebody asked for what their role does not allow',
  'origin.refused': 'a request that relies on the cookie came from another site',
  'input.refused': 'a request broke the contract',
  'cursor.refused': 'a cursor was made up, altered, or of another list',
  'connect-state.refused': 'the end of a login at a platform came without its beginning',
  'media-link.refused': 'the link of a file was made up, altered, or too old',
  'deletion-code.refused': 'the code of a deletion was made up or altered',
  'signature.refused': 'a delivery or callback was not signed by its platform',
  'verify-token.refused': 'the handshake of a webhook came with a wrong token',
  'metrics.refused': 'the figures of the operator were asked for without their token',
  'limit.reached': 'somebody was told to wait',
} as const satisfies Record<string, string>

export type SecurityEvent = keyof typeof SECURITY_EVENTS
