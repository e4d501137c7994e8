import { limit } from '../limited.ts'
import { forEverybody, json } from '../operation.ts'

type Body = Readonly<{ token: string; password: string }>

export const confirmPasswordReset = forEverybody(({ core, rateLimits, security }) => async (call) => {
  const { req, res, body, requestId } = call
  const ip = req.ip ?? ''
  limit(res, await rateLimits.takeLink(ip))
  const { userId, warnings } = await core.resetByLetter({ ...(body as Body), requestId })
  await rateLimits.forgiveLink(ip)
  security.done('password.reset', call, { userId })
  return json(200, { warnings })
})
