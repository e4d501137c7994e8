import type { CorePorts } from '../../ports/core-ports.ts'
import type { Counted } from '../../ports/organization-counts.ts'
import type { Stores } from '../../ports/unit-of-work.ts'
import { DomainError } from '../errors.ts'

const NAMES = {
  channels: 'channels',
  members: 'members, open invitations among them',
  'api-keys': 'API keys',
} as const satisfies Record<Counted, string>

export class OrganizationLimitReached extends DomainError {
  constructor(what: Counted, limit: number) {
    super('organization-limit-reached', `This organization may have ${limit} ${NAMES[what]}.`, {
      extra: { limited: what, limit },
    })
    this.name = 'OrganizationLimitReached'
  }
}

/** Before one more is made, in the same transaction. Throws `OrganizationLimitReached`. */
export async function makeRoom(
  { clock, settings }: Pick<CorePorts, 'clock' | 'settings'>,
  { counts }: Pick<Stores, 'counts'>,
  what: Counted,
): Promise<void> {
  const limit = settings.organizationLimits[what]
  if ((await counts.hold(what, clock.now())) >= limit) throw new OrganizationLimitReached(what, limit)
}
