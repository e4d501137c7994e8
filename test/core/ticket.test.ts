import test from 'ava'
import type { TicketId } from '../../src/core/ids.ts'
import { changeStatus, reopens, type Ticket, type TicketStatus } from '../../src/core/ticket/ticket.ts'
import { minutes, T0 } from '../builders/events.ts'

const aTicket = (change: Partial<Ticket> = {}): Ticket => ({
  id: 'ticket' as TicketId,
  status: 'OPEN',
  resolvedAt: null,
  assigneeId: null,
  version: 1,
  ...change,
})

test('a resolution is dated, and forgotten with every other status', (t) => {
  const resolved = changeStatus(aTicket(), 'RESOLVED', T0)
  t.deepEqual(resolved, aTicket({ status: 'RESOLVED', resolvedAt: T0, version: 2 }))
  for (const status of ['OPEN', 'PENDING', 'SNOOZED'] as TicketStatus[])
    t.is(changeStatus(resolved, status, T0).resolvedAt, null)
})

test('setting the status a ticket has changes nothing', (t) => {
  const ticket = aTicket({ status: 'RESOLVED', resolvedAt: T0 })
  t.is(changeStatus(ticket, 'RESOLVED', minutes(5)), ticket)
})

test('a message reopens up to and including the end of the window, and from before the resolution', (t) => {
  const windowMs = 60_000
  t.true(reopens(T0, new Date(T0.getTime() + windowMs), windowMs))
  t.false(reopens(T0, new Date(T0.getTime() + windowMs + 1), windowMs))
  t.true(reopens(T0, minutes(-600), windowMs))
})
