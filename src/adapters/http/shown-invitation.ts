import { refuseUntil } from './limited.ts'
import type { Call, OperationDeps } from './operation.ts'

/** What a token is for. Wrong ones are counted, though nobody guesses 256 bits. */
export async function shownInvitation(
  { core, rateLimits }: Pick<OperationDeps, 'core' | 'rateLimits'>,
  { req }: Pick<Call, 'req'>,
  token: string,
) {
  const ip = req.ip ?? ''
  refuseUntil(await rateLimits.takeLink(ip))
  const found = await core.findInvitation(token)
  await rateLimits.forgiveLink(ip)
  return found
}
