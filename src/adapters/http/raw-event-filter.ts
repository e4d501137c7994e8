import type { RawEventFilter } from '../../ports/raw-event-store.ts'
import { given } from './list.ts'

type Given = Readonly<{
  status?: RawEventFilter['status']
  reason?: string
  receivedAfter?: string
  receivedBefore?: string
}>

/** From a query or a body, which the contract has checked. */
export function rawEventFilter(from: Readonly<Record<string, unknown>>): RawEventFilter {
  const { status, reason, receivedAfter, receivedBefore } = from as Given
  return given({
    status,
    reason,
    receivedAfter: receivedAfter === undefined ? undefined : new Date(receivedAfter),
    receivedBefore: receivedBefore === undefined ? undefined : new Date(receivedBefore),
  })
}
