import { ContainerModule } from 'inversify'
import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import { CHANNEL_ADAPTER } from '../../ports/tokens.ts'
import { createInstagramChannel, type InstagramConfig, type LoginConfig } from './channel.ts'

export const instagramModule = (config: InstagramConfig & LoginConfig) =>
  new ContainerModule(({ bind }) => {
    bind<ChannelAdapter>(CHANNEL_ADAPTER)
      .toResolvedValue(() => createInstagramChannel(config, { fetch }))
      .inSingletonScope()
  })
