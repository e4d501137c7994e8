import { matchingSecret } from '../channel-kit/secrets.ts'

/** Meta's check of a new callback URL; the names contain dots, and one that is repeated is not from Meta. */
export function answerHandshake(query: URLSearchParams, verifyTokens: readonly string[]): string | null {
  const mode = single(query, 'hub.mode')
  const token = single(query, 'hub.verify_token')
  const challenge = single(query, 'hub.challenge')
  if (mode !== 'subscribe' || token === null || challenge === null) return null
  return matchingSecret(token, verifyTokens) === -1 ? null : challenge
}

function single(query: URLSearchParams, name: string): string | null {
  const values = query.getAll(name)
  return values.length === 1 && values[0] !== '' ? (values[0] ?? null) : null
}
