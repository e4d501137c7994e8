import type { CustomerId } from '../core/ids.ts'
import type { Profile } from './channel-adapter.ts'

export interface CustomerStore {
  /** Stores what the platform tells of a person; whether anything shown changed. */
  saveProfile(customerId: CustomerId, profile: Profile, now: Date): Promise<boolean>
}
