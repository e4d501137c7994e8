import { limit } from './limited.ts'
import type { Call, OperationDeps } from './operation.ts'

/** What a token is for. Wrong ones are counted, though nobody guesses 256 bits. */
export async function shownInvitation(
  { core, rateLimits }: Pick<OperationDeps, 'core' | 'rateLimits'>,
  { req, res }: Pick<Call, 'req' | 'res'>,
  token: string,
) {
  const ip = req.ip ?? ''
  limit(res, await rateLimits.takeLink(ip))
  const found = await core.findInvitation(token)
  await rateLimits.forgiveLink(ip)
  return found
}
