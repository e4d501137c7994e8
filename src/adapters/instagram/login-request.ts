type LoginRequest = Readonly<{ clientId: string; redirectUri: string; scopes: readonly string[]; state: string }>

/** What both logins ask of the account's owner, as the query of an OAuth 2.0 authorization request (RFC 6749, 4.1.1). */
export const authorizeQuery = ({ clientId, redirectUri, scopes, state }: LoginRequest): URLSearchParams =>
  new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: scopes.join(','),
    state,
  })
