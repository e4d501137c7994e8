import type { ChannelRecord, ChannelStore } from '../../ports/channel-store.ts'
import { NotFound } from '../errors.ts'
import type { ChannelId } from '../ids.ts'

/** For whoever comes late: null where the channel is disconnected by now. */
export const findChannel = (channels: Pick<ChannelStore, 'get'>, id: ChannelId): Promise<ChannelRecord | null> =>
  channels.get(id).catch((error: unknown) => {
    if (error instanceof NotFound) return null
    throw error
  })
