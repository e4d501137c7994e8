import { ContainerModule } from 'inversify'
import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import { CHANNEL_ADAPTER } from '../../ports/tokens.ts'
import { createPlainChannel } from './channel.ts'

export const plainModule = () =>
  new ContainerModule(({ bind }) => {
    bind<ChannelAdapter>(CHANNEL_ADAPTER).toResolvedValue(createPlainChannel).inSingletonScope()
  })
