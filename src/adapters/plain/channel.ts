import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import { verifyBearer } from './bearer.ts'
import { type CallbackDeps, createCallbackSender } from './callback-sender.ts'
import { plainCapabilities } from './capabilities.ts'
import { plainParser } from './parser.ts'
import { plainSettings } from './settings.ts'

/** For any system that can POST a message. Its replies are posted to it where it has an address, else it collects them. */
export const createPlainChannel = (deps: CallbackDeps): ChannelAdapter => ({
  type: 'API',
  platform: 'API',
  settings: plainSettings(deps),
  capabilities: plainCapabilities,
  webhook: { verify: verifyBearer },
  parser: plainParser,
  inboundVia: 'API',
  sender: createCallbackSender(deps),
})
