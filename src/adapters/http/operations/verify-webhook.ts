import { answerChallenge } from '../answer-challenge.ts'

export const verifyWebhook = answerChallenge(async ({ core }, { channelId }, query) =>
  channelId === null ? null : core.answerHandshake(channelId, query),
)
