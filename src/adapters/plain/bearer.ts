import type { RawWebhook } from '../../ports/channel-adapter.ts'
import { matchingSecret } from '../channel-kit/secrets.ts'

const BEARER = /^bearer ([\x21-\x7e]+)$/i

export function verifyBearer({ headers }: RawWebhook, secrets: readonly string[]): number {
  const token = BEARER.exec(headers['authorization'] ?? '')?.[1]
  return token === undefined ? -1 : matchingSecret(token, secrets)
}
