import { refuseUntil } from '../limited.ts'
import { forEverybody, json } from '../operation.ts'

export const requestPasswordReset = forEverybody(({ core, rateLimits }) => async ({ req, body }) => {
  const { email } = body as Readonly<{ email: string }>
  refuseUntil(await rateLimits.takeReset(email, req.ip ?? ''))
  core.askForReset(email)
  return json(202, { accepted: true })
})
