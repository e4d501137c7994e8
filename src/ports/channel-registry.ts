import type { ChannelAdapter } from './channel-adapter.ts'

/** The installed channel adapters. */
export interface ChannelRegistry {
  readonly types: readonly string[]
  get(type: string): ChannelAdapter | null
}
