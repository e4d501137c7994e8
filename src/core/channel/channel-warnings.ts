import type { ChannelAdapter } from '../../ports/channel-adapter.ts'
import type { ChannelView } from '../../ports/views.ts'

type Shown = Pick<ChannelView, 'status' | 'isBound' | 'proof'> &
  Readonly<{ health: Pick<ChannelView['health'], 'lastOutboundAt'> }>

/** Codes of what deserves a look. The platform is not asked while a channel is made or changed, so nothing is proven by that. */
export function channelWarnings(channel: Shown, adapter: Pick<ChannelAdapter, 'profiles'> | null): readonly string[] {
  if (channel.status === 'DISCONNECTED' || !adapter?.profiles || areProven(channel)) return []
  return ['credentials-not-checked']
}

/** A login proves them, and so does what the platform accepted since somebody changed them by hand. */
function areProven({ isBound, proof: { doubtedAt, provenAt }, health: { lastOutboundAt } }: Shown): boolean {
  return isBound || [provenAt, lastOutboundAt].some((at) => at !== null && (doubtedAt === null || at > doubtedAt))
}
