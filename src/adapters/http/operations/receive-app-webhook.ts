import { takeDelivery, UNKNOWN } from '../take-delivery.ts'

export const receiveAppWebhook = takeDelivery(async ({ core }, { appName, requestId }, webhook) =>
  appName === null ? UNKNOWN : core.acceptAppWebhook({ name: appName, ...webhook, requestId }),
)
