import { forEverybody, json } from '../operation.ts'
import { maySeeDetails } from '../operator-access.ts'
import { readinessAnswers } from '../readiness-answer.ts'

export const getReadiness = forEverybody(({ clock, health, isClosing, secrets }) => {
  const answer = readinessAnswers({ health, clock }, isClosing)
  return async ({ req }) => {
    const { status, body } = await answer({ details: maySeeDetails(req, secrets.metricsToken) })
    return json(status, body)
  }
})
