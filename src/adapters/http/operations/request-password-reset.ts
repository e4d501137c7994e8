import { limit } from '../limited.ts'
import { forEverybody, json } from '../operation.ts'

export const requestPasswordReset = forEverybody(({ core, rateLimits, security }) => async (call) => {
  const { req, res, body } = call
  const { email } = body as Readonly<{ email: string }>
  limit(res, await rateLimits.takeReset(email, req.ip ?? ''))
  core.askForReset(email)
  security.done('password.reset-asked', call, { emailHash: security.hashOf(email) })
  return json(202, { accepted: true })
})
