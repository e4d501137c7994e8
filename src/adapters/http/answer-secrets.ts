import { toPointer } from '../schema-kit/json-pointer.ts'

/** Names of what is for us alone, in lower case and without underscores. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  ...[
    'accesstoken',
    'refreshtoken',
    'password',
    'passwordhash',
    'tokenhash',
    'sessionhash',
    'keyhash',
    'sessionsecret',
  ],
  ...['appsecret', 'previousappsecret', 'webhookverifytoken', 'verifytoken', 'callbacksecret', 'clientsecret'],
  ...['encryptionkeys', 'sealed', 'stack'],
])

/** Where the contract gives one of them: the token of the session that was just begun, the key that was just made. */
const GIVEN: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['signUp', new Set(['/accessToken'])],
  ['logIn', new Set(['/accessToken'])],
  ['confirmPassword', new Set(['/accessToken'])],
  ['changePassword', new Set(['/accessToken'])],
  ['switchOrganization', new Set(['/accessToken'])],
  ['acceptInvitation', new Set(['/accessToken'])],
  ['createApiKey', new Set(['/secret'])],
])

/** They tell the contract, whose examples have passwords that are nobody's; these are searched where the sources are. */
const TELL_THE_CONTRACT: ReadonlySet<string> = new Set(['getOpenapiJson', 'getPostmanCollection'])

const API_KEY = /\bdck_[0-9A-Za-z]{39}\b/
const SEALED = /^v\d\.[\w-]{1,32}\.[\w-]{16}\.[\w-]{22}\./
const INNER = /\n\s+at |node_modules|file:\/\/\/|\b(?:insert into|delete from|update \w+ set|select .+ from) /i

export const isSecretName = (name: string): boolean => SECRET_NAMES.has(name.toLowerCase().replaceAll('_', ''))

/** Whether an operation may answer this. */
export const isGiven = (operationId: string | null, pointer: string): boolean =>
  operationId !== null && GIVEN.get(operationId)?.has(pointer) === true

/**
 * Where an answer holds what is for us alone: a value under a secret's name, a sealed value, or, in what it says of an error, a
 * stack or SQL. Null where it holds none. A name whose value is no text is one that is spoken of, as in a schema.
 */
export function secretIn(operationId: string | null, status: number, body: unknown, pointer = ''): string | null {
  if (operationId !== null && TELL_THE_CONTRACT.has(operationId)) return null
  if (typeof body === 'string') {
    if (SEALED.test(body) || (API_KEY.test(body) && !isGiven(operationId, pointer))) return pointer
    return status >= 400 && /^\/(detail|title)$/.test(pointer) && INNER.test(body) ? pointer : null
  }
  if (typeof body !== 'object' || body === null) return null
  for (const [name, value] of Object.entries(body)) {
    const at = pointer + toPointer(name)
    if (typeof value === 'string' && value !== '' && isSecretName(name) && !isGiven(operationId, at)) return at
    const inside = secretIn(operationId, status, value, at)
    if (inside !== null) return inside
  }
  return null
}
