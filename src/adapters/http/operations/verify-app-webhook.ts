import { answerChallenge } from '../answer-challenge.ts'

export const verifyAppWebhook = answerChallenge(async ({ core }, { appName }, query) =>
  appName === null ? null : core.answerAppHandshake(appName, query),
)
