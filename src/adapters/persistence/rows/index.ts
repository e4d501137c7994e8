import { MembershipRow, OrganizationRow, UserRow } from './account-rows.ts'
import { ChannelRow, ChannelSecretRow } from './channel-rows.ts'
import { CustomerIdentityRow, NotificationRow, TicketRow } from './inbox-rows.ts'

/** Rows name ids, never relations: every join is written where it is needed, with its organization. */
export const entities = [
  OrganizationRow,
  UserRow,
  MembershipRow,
  ChannelRow,
  ChannelSecretRow,
  CustomerIdentityRow,
  NotificationRow,
  TicketRow,
] as const
