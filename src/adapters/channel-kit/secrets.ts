import { createHash, timingSafeEqual } from 'node:crypto'

const digest = (text: string) => createHash('sha256').update(text).digest()

/**
 * Which of the secrets it is, -1 for none. Digests are compared, so that neither content nor length shows in the time, and
 * all of them, so that the place in the list does not. An empty secret matches nothing.
 */
export function matchingSecret(given: string, secrets: readonly string[]): number {
  const wanted = digest(given)
  let match = -1
  secrets.forEach((secret, index) => {
    const isSame = timingSafeEqual(digest(secret), wanted)
    if (isSame && secret !== '' && match === -1) match = index
  })
  return match
}
