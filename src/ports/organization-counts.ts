/** What an organization may have a limited number of. Open invitations are counted as members. */
export type Counted = 'channels' | 'members' | 'api-keys'

/** Inside a unit of work of the organization. */
export interface OrganizationCounts {
  /** How many there are. Until the transaction ends nobody else who asks is answered, so that two do not take the last place. */
  hold(what: Counted, now: Date): Promise<number>
}
