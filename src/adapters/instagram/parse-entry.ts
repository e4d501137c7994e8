import type { InboundEvent } from '../../core/channel/inbound-event.ts'
import { asList, asShape, has } from '../channel-kit/fields.ts'
import { parseChange } from './parse-change.ts'
import { parseMessagingItem } from './parse-messaging.ts'
import { known, type Scope, timeOf, unknown } from './scope.ts'
import type { Entry } from './webhook-payload.ts'

/** An entry may mix every envelope the platform has; each is read where it is. */
export function parseEntry(value: unknown, scope: Scope): readonly InboundEvent[] {
  const entry = asShape<Entry>(value)
  if (entry === null) return [unknown('not-an-object', timeOf(scope))]
  const events = [entry.messaging, entry.standby, entry.messaging_handovers]
    .flatMap(asList)
    .flatMap((item) => parseMessagingItem(item, scope))
  const changes = has(entry.value) ? [...asList(entry.changes), entry] : asList(entry.changes)
  const all = [...events, ...changes.flatMap((change) => parseChange(change, scope))]
  if (all.length > 0) return all
  return [known(has(entry.changed_fields) ? 'changed-fields' : 'empty-entry', timeOf(scope))]
}
