import { ContainerModule } from 'inversify'
import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import type { Clock } from '../../ports/clock.ts'
import type { GuardedClient } from '../../ports/guarded-client.ts'
import { CHANNEL_ADAPTER, CLOCK, GUARDED_CLIENT } from '../../ports/tokens.ts'
import { createPlainChannel } from './channel.ts'

export const plainModule = ({ httpsOnly }: { httpsOnly: boolean }) =>
  new ContainerModule(({ bind }) => {
    bind<ChannelAdapter>(CHANNEL_ADAPTER)
      .toResolvedValue(
        (client: GuardedClient, clock: Clock) => createPlainChannel({ client, clock, httpsOnly }),
        [GUARDED_CLIENT, CLOCK],
      )
      .inSingletonScope()
  })
