import type { DomainEvent, EventActor } from '../event/domain-event.ts'
import type { ChannelId } from '../ids.ts'

const SYSTEM: EventActor = { type: 'SYSTEM', id: null }

/** Readers of the channel look at its health again; `data` says what of it changed. */
export const healthChanged = (
  id: ChannelId,
  data: NonNullable<DomainEvent['data']>,
  requestId: string | null,
  actor: EventActor = SYSTEM,
): DomainEvent => ({
  type: 'channel.health_changed',
  actor,
  resource: { type: 'channel', id },
  ticketId: null,
  data,
  requestId,
})
