import type { DomainCode } from '../../core/domain-codes.ts'

export type ProblemType = Readonly<{
  status: number
  /** The same sentence whenever the code is answered. */
  title: string
  /** When it happens. */
  explanation: string
  /** What the reader can do about it. */
  fix: string
  /** Whether the same request, unchanged, may succeed later without anybody doing anything. */
  retryable: boolean
}>

/** Every error this server answers. Codes are stable: clients decide by them. In the order of their status. */
export const problemTypes = {
  'invalid-request': {
    status: 400,
    title: 'The request is not valid',
    explanation: 'The request does not follow the contract: a field is missing, unknown or of the wrong form.',
    fix: 'Look at `errors`: each entry points at a place and says what belongs there. The contract is at /docs.',
    retryable: false,
  },
  'malformed-json': {
    status: 400,
    title: 'The body is not JSON',
    explanation: 'The body was declared as JSON and cannot be read as such.',
    fix: 'Send valid JSON in UTF-8. A JSON serializer gets quotes and escapes right.',
    retryable: false,
  },
  'cursor-invalid': {
    status: 400,
    title: 'The cursor is not valid',
    explanation: 'The cursor was not made by this server, or it was cut off or changed on the way.',
    fix: 'Pass `page.nextCursor` on as it is, or start again without a cursor.',
    retryable: false,
  },
  'cursor-mismatch': {
    status: 400,
    title: 'The cursor belongs to another list',
    explanation: 'A cursor goes with the list, the filters and the order that it was made with.',
    fix: 'Repeat the filters of the first page, or start again without a cursor.',
    retryable: false,
  },
  'idempotency-key-invalid': {
    status: 400,
    title: 'The Idempotency-Key is not usable',
    explanation: 'An Idempotency-Key has 1 to 255 printable ASCII characters.',
    fix: 'Use a UUID, a new one for each thing to do.',
    retryable: false,
  },
  'upload-incomplete': {
    status: 400,
    title: 'The upload did not arrive whole',
    explanation: 'The connection broke before the body was complete, or it took longer than two minutes.',
    fix: 'Upload the file again.',
    retryable: true,
  },
  'connect-code-refused': {
    status: 400,
    title: 'The platform does not accept the login',
    explanation: 'The code that came back from the login page was used before, is older than an hour, or was changed.',
    fix: 'Begin again with `GET /orgs/{orgId}/channels/instagram/connect` (or `facebook`).',
    retryable: false,
  },
  unauthenticated: {
    status: 401,
    title: 'You are not signed in',
    explanation: 'The request carries no session, or one that has ended.',
    fix: 'Sign in with POST /auth/login and send the accessToken as `Authorization: Bearer …`.',
    retryable: false,
  },
  'invalid-credentials': {
    status: 401,
    title: 'The e-mail address or the password is wrong',
    explanation: 'No account matches this e-mail address and password. Which of the two is wrong is not told.',
    fix: 'Check both. The operator can set a new password with `npm run cli -- member:reset-password`.',
    retryable: false,
  },
  'bad-signature': {
    status: 401,
    title: 'The signature is wrong',
    explanation: 'A delivery to a webhook was not signed, or not with the secret of this channel.',
    fix: "Compare the channel's secret with the one on the platform: the app secret for Instagram, the bearer for API.",
    retryable: false,
  },
  forbidden: {
    status: 403,
    title: 'You may not do this',
    explanation: 'Your role in the organization does not allow it.',
    fix: 'Ask an owner or administrator of the organization. `missingPermission` names what it takes.',
    retryable: false,
  },
  'connect-denied': {
    status: 403,
    title: 'The login was refused',
    explanation: 'On the login page of the platform somebody chose not to allow what was asked for.',
    fix: 'Begin again, and agree. Nothing was changed.',
    retryable: false,
  },
  'connect-state-invalid': {
    status: 403,
    title: 'This login cannot be finished here',
    explanation:
      'A login is finished once, by the session that began it, within ten minutes. This one was begun elsewhere, was finished before, or took too long.',
    fix: 'Begin again in the session that you want to finish in.',
    retryable: false,
  },
  'session-required': {
    status: 403,
    title: 'This takes a person who is signed in',
    explanation:
      'An API key cannot do this: it is about what is somebody’s own, about people and keys, or takes a password.',
    fix: 'Sign in, and send the token of that session.',
    retryable: false,
  },
  'ip-not-allowed': {
    status: 403,
    title: 'The API key is not for use from here',
    explanation: 'The key is limited to networks, and the request came from an address outside them.',
    fix: 'Call from one of its networks. Behind a proxy, have TRUST_PROXY checked. Otherwise make another key.',
    retryable: false,
  },
  'csrf-rejected': {
    status: 403,
    title: 'The request came from another site',
    explanation: "A write that relies on the session cookie must come from this server's own origin.",
    fix: 'Send the token as `Authorization: Bearer …` instead of the cookie, or check PUBLIC_URL.',
    retryable: false,
  },
  'reauthentication-required': {
    status: 403,
    title: 'Give your password once more',
    explanation: 'What is weighty takes a session that began with a password in the last ten minutes.',
    fix: 'Call POST /auth/reauthenticate with your password, and go on with the accessToken or the cookie that it answers.',
    retryable: false,
  },
  'signup-disabled': {
    status: 403,
    title: 'Signing up is closed',
    explanation: 'This server has an organization and takes new people by invitation only (SIGNUP_MODE=invite).',
    fix: 'Ask the operator, who can add you with `npm run cli -- member:add`.',
    retryable: false,
  },
  'verification-failed': {
    status: 403,
    title: 'The webhook could not be verified',
    explanation: 'The handshake names an unknown channel, another mode or another verify token.',
    fix: "Enter the callback URL of the channel and its webhookVerifyToken in the platform's settings.",
    retryable: false,
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    explanation: 'It does not exist, or it belongs to an organization that you are not a member of.',
    fix: 'Check the path and the ids in it. GET /auth/me tells your orgId.',
    retryable: false,
  },
  'method-not-allowed': {
    status: 405,
    title: 'The method is not allowed here',
    explanation: 'The path exists, but not with this method.',
    fix: 'The header `Allow` names the methods that do.',
    retryable: false,
  },
  'organization-limit-reached': {
    status: 409,
    title: 'The organization has as many as it may have',
    explanation:
      'The operator limits how many channels, members and API keys an organization may have. Open invitations count as members. `limited` says which, `limit` how many.',
    fix: 'Delete a channel, remove a member, take an invitation back or revoke a key, or ask the operator for a higher limit.',
    retryable: false,
  },
  'upload-quota-reached': {
    status: 409,
    title: 'Too many attachments are kept',
    explanation: 'An organization can keep 2 GiB of uploads at a time.',
    fix: 'Wait until older ones are past their time, or delete some.',
    retryable: false,
  },
  'email-taken': {
    status: 409,
    title: 'The e-mail address is taken',
    explanation: 'Somebody signed up with this e-mail address before.',
    fix: 'Sign in with POST /auth/login, or use another address.',
    retryable: false,
  },
  'already-member': {
    status: 409,
    title: 'They are a member already',
    explanation: 'Somebody with this e-mail address belongs to the organization, disabled or not.',
    fix: 'Change their role, or enable them, with PATCH /orgs/{orgId}/members/{memberId}.',
    retryable: false,
  },
  'account-bound-elsewhere': {
    status: 409,
    title: 'The account is connected in another organization',
    explanation:
      'Within an installation one organization speaks for an account that was connected by login. Which one has it is not told.',
    fix: 'Delete the channel there, or take the account over: begin again with `?move=true` and log in as its owner.',
    retryable: false,
  },
  'login-not-configured': {
    status: 409,
    title: 'This login is not set up',
    explanation: "The operator has not entered the app's id and secret, so nobody can be sent to the login page.",
    fix: 'Set `INSTAGRAM_APP_ID` and `INSTAGRAM_APP_SECRET`, or `META_APP_ID` and `META_APP_SECRET`, and restart.',
    retryable: false,
  },
  'letters-not-configured': {
    status: 409,
    title: 'No letters are sent from here',
    explanation: 'The operator has set no server for letters, so nobody can be sent a link for a new password.',
    fix: 'Ask the operator: `npm run cli -- member:reset-password`, or `SMTP_URL` and a restart.',
    retryable: false,
  },
  'last-owner': {
    status: 409,
    title: 'There is no other owner',
    explanation:
      'The last owner of an organization who is not disabled can neither step down nor be disabled or removed.',
    fix: 'Make somebody else an owner first.',
    retryable: false,
  },
  'channel-exists': {
    status: 409,
    title: 'The account is connected already',
    explanation: 'Another channel has the same account of the platform.',
    fix: 'Use that channel, or delete it first.',
    retryable: false,
  },
  'invalid-transition': {
    status: 409,
    title: 'The ticket cannot change like this',
    explanation:
      'The state that was asked for does not follow from the present one, or another ticket stands in its way.',
    fix: 'Read the ticket anew. A conversation has at most one ticket that is not resolved.',
    retryable: false,
  },
  'messaging-window-closed': {
    status: 409,
    title: 'The time to reply is over',
    explanation:
      'The platform takes replies only for a limited time after the customer last wrote (24 hours on Instagram).',
    fix: 'Wait until the customer writes again. `window` in the ticket tells the time that is left.',
    retryable: false,
  },
  'comment-reply-used': {
    status: 409,
    title: 'The comment was answered already',
    explanation: 'A comment takes one private reply, and it has had it.',
    fix: 'Go on here once the customer answers the private reply, or comments again.',
    retryable: false,
  },
  'not-failed': {
    status: 409,
    title: 'The message did not fail',
    explanation: 'Only a message with status FAILED can be sent again. One that is UNKNOWN may have arrived.',
    fix: 'Read the message anew. If it was not delivered, write another one.',
    retryable: false,
  },
  'not-unknown': {
    status: 409,
    title: 'The message is not in doubt',
    explanation: 'Only a message with status UNKNOWN can be sent again this way: nobody knows whether it arrived.',
    fix: 'Read the message anew. One that FAILED can be tried again with retry.',
    retryable: false,
  },
  'still-checking': {
    status: 409,
    title: 'It is still being found out',
    explanation:
      'For two minutes the platform is asked whether a message in doubt arrived. Until then it is not sent again.',
    fix: 'Wait until the time that `until` names, then read the message anew.',
    retryable: true,
  },
  'already-sent-again': {
    status: 409,
    title: 'The message was sent again already',
    explanation:
      'A message in doubt is sent again once. The message that was sent in its place is named by `messageId`.',
    fix: 'Look at that message. If it is in doubt too, it can be sent again.',
    retryable: false,
  },
  'export-not-ready': {
    status: 409,
    title: 'The file of this export is being written',
    explanation: 'The export was asked for, and its file is not there yet.',
    fix: 'Read the export until its `state` is READY, and fetch the file then.',
    retryable: true,
  },
  'export-failed': {
    status: 409,
    title: 'There is no file of this export',
    explanation: 'The file could not be written, and will not be. `failure` of the export says why.',
    fix: 'Ask for another export.',
    retryable: false,
  },
  'customer-being-erased': {
    status: 409,
    title: 'The customer is being erased',
    explanation: 'Somebody asked for this customer’s data to go. What would be sent to them now would go as well.',
    fix: 'Nothing can be sent to them here any more. Once they write again they are a new customer.',
    retryable: false,
  },
  'channel-paused': {
    status: 409,
    title: 'The channel is paused',
    explanation: 'A member paused the channel, so nothing is sent through it.',
    fix: 'Set the status of the channel to ACTIVE.',
    retryable: false,
  },
  'channel-withdrawn': {
    status: 409,
    title: 'The account was taken away from this app',
    explanation:
      'Whoever granted the account has removed this app at the platform, or wants their data deleted, so nothing is sent.',
    fix: 'Let an administrator connect the account again. Replies that failed with this code can be tried again then.',
    retryable: false,
  },
  'channel-disconnected': {
    status: 409,
    title: 'The channel is disconnected',
    explanation: 'The channel was deleted. Its history stays, but nothing can be sent or changed.',
    fix: 'Create the channel again.',
    retryable: false,
  },
  'link-not-valid': {
    status: 410,
    title: 'This link is of no more use',
    explanation:
      'A link serves once and for a time, and a newer one takes its place. Which of these it was is not told.',
    fix: 'Ask for another one.',
    retryable: false,
  },
  'export-expired': {
    status: 410,
    title: 'The file of this export is gone',
    explanation: 'A file is kept for seven days; it goes earlier when the customer is erased, or takes a message back.',
    fix: 'Ask for another one with `POST /orgs/{orgId}/customers/{customerId}/exports`.',
    retryable: false,
  },
  'payload-too-large': {
    status: 413,
    title: 'The body is too large',
    explanation:
      'The body is larger than this route takes: 3 MB for a webhook, 8 or 25 MB for a file, less for everything else.',
    fix: 'Send less at a time.',
    retryable: false,
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The content type is not supported',
    explanation:
      'Routes take JSON, in UTF-8 and without compression of an unknown kind; an upload takes the bytes of a file.',
    fix: 'Send JSON with `Content-Type: application/json`, a file with its own.',
    retryable: false,
  },
  'range-not-satisfiable': {
    status: 416,
    title: 'The file has no such part',
    explanation: 'The header `Range` asks for bytes beyond the end of the file.',
    fix: 'Ask for a part of the file; `Content-Range` tells how many bytes it has.',
    retryable: false,
  },
  'history-not-offered': {
    status: 422,
    title: 'There is no history to import',
    explanation: 'This kind of channel tells nothing of what was written before.',
    fix: 'Nothing: messages come in as they are written.',
    retryable: false,
  },
  'scope-exceeds-grantor': {
    status: 422,
    title: 'A key cannot do more than who makes it',
    explanation: 'The key was to have a permission that you do not have, or one that no key can have.',
    fix: 'Leave it out, or let somebody make the key who has it. GET /auth/me lists yours.',
    retryable: false,
  },
  'api-key-invalid': {
    status: 422,
    title: 'There can be no such key',
    explanation: 'It would end in the past, or names a network that is none.',
    fix: 'Look at `detail`. Networks are written as 203.0.113.0/24 or 2001:db8::/32.',
    retryable: false,
  },
  'weak-password': {
    status: 422,
    title: 'The password is too common',
    explanation: 'The password is on the list of those that are tried first.',
    fix: 'Choose another one. A few random words are easy to remember and hard to guess.',
    retryable: false,
  },
  'connect-scopes-missing': {
    status: 422,
    title: 'Not everything that is needed was allowed',
    explanation: 'On the login page somebody left out a permission without which messages cannot be read or answered.',
    fix: 'Begin again and leave all permissions on. `missing` names the ones that are needed.',
    retryable: false,
  },
  'connect-no-account': {
    status: 422,
    title: 'The login speaks for no Instagram account',
    explanation: 'None of the chosen Pages is linked to an Instagram professional account.',
    fix: 'Link the Page to the account in its settings, begin again, and choose that Page.',
    retryable: false,
  },
  'channel-type-unknown': {
    status: 422,
    title: 'There is no such type of channel',
    explanation: 'No adapter with this type is installed.',
    fix: 'Use one of the types that `detail` names.',
    retryable: false,
  },
  'channel-config-invalid': {
    status: 422,
    title: "The channel's settings are not valid",
    explanation: 'The adapter of this type does not accept the settings in `config`.',
    fix: 'Look at `errors`: each entry points at a setting and says what belongs there.',
    retryable: false,
  },
  'content-empty': {
    status: 422,
    title: 'The message is empty',
    explanation: 'There is nothing to send, or a text, title or list that belongs to it is empty.',
    fix: 'Write something, or attach something. `errors` points at what is empty.',
    retryable: false,
  },
  'content-too-long': {
    status: 422,
    title: 'The content is too long for this channel',
    explanation:
      'Platforms limit the length of a message (1,000 bytes of UTF-8 on Instagram), and the number of buttons, quick replies and attachments.',
    fix: 'Shorten it, or let `split` send a text in parts. The limits are in the ticket’s `capabilities`; `errors` points at what is over them.',
    retryable: false,
  },
  'capability-missing': {
    status: 422,
    title: 'This channel cannot do that',
    explanation: 'The message holds something that the channel does not carry, or not in this kind of conversation.',
    fix: 'Leave out what `errors` points at. What is possible is in the ticket’s `capabilities`.',
    retryable: false,
  },
  'url-not-allowed': {
    status: 422,
    title: 'This address cannot be used',
    explanation: 'Platforms fetch and open https addresses without a user name or password in them.',
    fix: 'Give a public https address.',
    retryable: false,
  },
  'assignee-not-member': {
    status: 422,
    title: 'The ticket cannot be given to them',
    explanation: 'Tickets are assigned to members of the organization who are not disabled.',
    fix: 'Choose one of `GET /orgs/{orgId}/members` with status ACTIVE, or `null` for nobody.',
    retryable: false,
  },
  'direction-not-allowed': {
    status: 422,
    title: 'Only replies can be written here',
    explanation: "A customer's message comes in through the channel's webhook, not through this route.",
    fix: 'Send `direction: "OUTBOUND"` or leave it out.',
    retryable: false,
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key was used for something else',
    explanation: 'The same key or clientMessageId came before, with another request.',
    fix: 'Use a new key for each thing to do.',
    retryable: false,
  },
  'public-url-required': {
    status: 422,
    title: 'Attachments need a public https address',
    explanation: 'Platforms fetch the files that they deliver from this server, and cannot reach its PUBLIC_URL.',
    fix: 'Set PUBLIC_URL to the https address under which the internet reaches this server, or send the address of a file elsewhere.',
    retryable: false,
  },
  'attachment-unsupported': {
    status: 422,
    title: 'The file is of a kind that cannot be sent',
    explanation:
      'By its bytes or its name the file is none of the kinds that the platform takes, or not what it is declared as.',
    fix: 'Send one of the kinds that `detail` names, with its own type.',
    retryable: false,
  },
  'attachment-too-large': {
    status: 422,
    title: 'The file is too large for this channel',
    explanation: 'Platforms limit the size of a file (on Instagram 8 MB for an image, 25 MB for all else).',
    fix: 'Send a smaller file. `actualBytes` and `maxBytes` tell how much is too much.',
    retryable: false,
  },
  'attachment-empty': {
    status: 422,
    title: 'The file is empty',
    explanation: 'The body of the request has no bytes.',
    fix: 'Send the bytes of the file as the body.',
    retryable: false,
  },
  'platform-refused': {
    status: 424,
    title: 'The platform did not do it',
    explanation:
      'What was asked for is done by the platform, which refused it or gave no usable answer. Nothing was changed here.',
    fix: 'Read `detail` and `platformCode`: they say what it answered. The same request can be made again, also after a lost answer.',
    retryable: false,
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    explanation: 'There were too many requests in a short time, or too many failures to sign in.',
    fix: 'Wait for the time in `Retry-After`.',
    retryable: true,
  },
  internal: {
    status: 500,
    title: 'Something went wrong here',
    explanation: 'A fault of this server. It was logged under the request id.',
    fix: 'Tell the operator the request id. Repeat a write only with an Idempotency-Key.',
    retryable: false,
  },
  'connect-failed': {
    status: 502,
    title: 'The platform did not let us finish',
    explanation: 'The platform gave no answer, or one that cannot be used, while an account was being connected.',
    fix: 'Nothing was made. `detail` says at which step; begin again.',
    retryable: false,
  },
  'no-webhook-secret': {
    status: 503,
    title: 'The channel has no webhook secret',
    explanation: 'Without a secret a delivery cannot be checked, so it was not taken. The platform tries again.',
    fix: "Enter the secret in the channel's settings: `appSecret` for Instagram, `secret` for API.",
    retryable: true,
  },
  unavailable: {
    status: 503,
    title: 'The service is not available',
    explanation: 'Something this server needs is away, its database or its session store for example, or it is ending.',
    fix: 'Try again shortly. GET /readyz tells the operator what is missing.',
    retryable: true,
  },
} as const satisfies Record<DomainCode, ProblemType> & Record<string, ProblemType>

export type ProblemCode = keyof typeof problemTypes

export type ProblemPlace = Readonly<{
  in: 'body' | 'query' | 'path' | 'header'
  pointer: string
  code: string
  detail: string
}>

export type ProblemFacts = Readonly<{
  /** What happened this time. Without it the explanation of the code is given. */
  detail?: string | undefined
  /** The path that was asked for, without its query: a query may hold a secret. */
  instance: string
  requestId: string
  errors?: readonly ProblemPlace[] | undefined
  retryAfterSeconds?: number | undefined
  /** Members of this code alone, the byte counts of a text for example. They never replace the common ones. */
  extra?: Readonly<Record<string, unknown>> | undefined
}>

export type Problem = Readonly<{
  type: string
  title: string
  status: number
  detail: string
  instance: string
  code: ProblemCode
  requestId: string
  retryable: boolean
  retryAfterSeconds?: number
  errors?: readonly ProblemPlace[]
}>

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemTypes, code)
}

/** The address of the page that explains a code, on this server. */
export function problemTypeUrl(code: ProblemCode): string {
  return `/problems/${code}`
}

/** The body of an error answer (RFC 9457, `application/problem+json`). */
export function toProblem(code: ProblemCode, facts: ProblemFacts): Problem {
  const { status, title, explanation, retryable }: ProblemType = problemTypes[code]
  return {
    ...facts.extra,
    type: problemTypeUrl(code),
    title,
    status,
    detail: facts.detail ?? explanation,
    instance: facts.instance,
    code,
    requestId: facts.requestId,
    retryable,
    ...(facts.retryAfterSeconds !== undefined && { retryAfterSeconds: facts.retryAfterSeconds }),
    ...(facts.errors !== undefined && facts.errors.length > 0 && { errors: facts.errors }),
  }
}
