/** The first of several signs. Throws without one: what an empty key signs, anybody can sign. */
export function signingSecret(secrets: readonly string[]): string {
  const [first] = secrets
  if (first === undefined || secrets.includes(''))
    throw new Error('SESSION_SECRET is empty: there is nothing to sign with')
  return first
}
