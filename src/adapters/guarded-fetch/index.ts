import { ContainerModule } from 'inversify'
import type { GuardedClient } from '../../ports/guarded-client.ts'
import * as T from '../../ports/tokens.ts'
import { anywhere, openInternetBut } from './guard-rules.ts'
import { createGuardedClient } from './guarded-client.ts'

export const guardedFetchModule = ({ allowPrivate, publicUrl }: { allowPrivate: boolean; publicUrl: string }) =>
  new ContainerModule(({ bind }) => {
    bind<GuardedClient>(T.GUARDED_CLIENT).toConstantValue(
      createGuardedClient({ rules: allowPrivate ? anywhere : openInternetBut(publicUrl) }),
    )
  })
