import { isLocalCaller } from '../local-caller.ts'
import { takeDelivery, UNKNOWN } from '../take-delivery.ts'

export const receiveWebhook = takeDelivery(async ({ core }, { channelId, req, requestId }, webhook) =>
  channelId === null ? UNKNOWN : core.acceptWebhook({ channelId, ...webhook, isLocal: isLocalCaller(req), requestId }),
)
