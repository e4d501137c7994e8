import type { ExternalMessageId } from '../../core/ids.ts'
import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import { verifyBearer } from './bearer.ts'
import { plainCapabilities } from './capabilities.ts'
import { plainParser } from './parser.ts'
import { plainSettings } from './settings.ts'

/** For any system that can POST a message. Its replies are not pushed anywhere: it collects them from the event log. */
export const createPlainChannel = (): ChannelAdapter => ({
  type: 'API',
  platform: 'API',
  settings: plainSettings,
  capabilities: plainCapabilities,
  webhook: { verify: verifyBearer },
  parser: plainParser,
  inboundVia: 'API',
  sender: {
    send: async ({ reference }) => ({ status: 'accepted', externalId: `out:${reference}` as ExternalMessageId }),
  },
})
