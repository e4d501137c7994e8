import type { IntakeChanges } from '../../../ports/intake-store.ts'
import type { Tx } from '../transaction.ts'
import { updateRows } from './insert-rows.ts'

/** Facts that only move forward: the later of what is stored and what came, so that order and repetition leave no trace. */
export function moveWindows(tx: Tx, windows: IntakeChanges['windows']): void {
  updateRows(tx, 'conversations', {
    set: 'window_opened_at = r.opened_at, window_reason = r.reason',
    where: `t.window_opened_at is null or t.window_opened_at < r.opened_at
       or t.window_opened_at = r.opened_at and t.window_reason collate "C" < r.reason`,
    columns: { opened_at: 'timestamptz(3)', reason: 'text' },
    rows: windows.map(({ conversationId, openedAt, reason }) => ({ id: conversationId, opened_at: openedAt, reason })),
  })
}

/** Until customers give a sign of life of their own, the last time that others had to do with them stands for it. */
export function moveLastSeen(tx: Tx, { seen, heardOf }: Pick<IntakeChanges, 'seen' | 'heardOf'>): void {
  const columns = { at: 'timestamptz(3)' }
  updateRows(tx, 'customers', {
    set: 'last_seen_at = r.at, seen = true',
    where: 'not t.seen or t.last_seen_at < r.at',
    columns,
    rows: seen.map(({ customerId, at }) => ({ id: customerId, at })),
  })
  updateRows(tx, 'customers', {
    set: 'last_seen_at = r.at',
    where: 'not t.seen and t.last_seen_at < r.at',
    columns,
    rows: heardOf.map(({ customerId, at }) => ({ id: customerId, at })),
  })
}

/** Opened or reopened by a customer's message. */
export function setStatuses(tx: Tx, statuses: IntakeChanges['ticketStatuses']): void {
  updateRows(tx, 'tickets', {
    set: 'status = r.status, resolved_at = null',
    columns: { status: 'text' },
    rows: statuses,
  })
}

/** Decided under the conversations' locks. */
export function setConversationFacts(tx: Tx, facts: IntakeChanges['conversations']): void {
  updateRows(tx, 'conversations', {
    set: 'read_until = r.read_until, first_referral = r.first_referral, last_referral = r.last_referral, thread_owner = r.thread_owner',
    columns: { read_until: 'timestamptz(3)', first_referral: 'jsonb', last_referral: 'jsonb', thread_owner: 'jsonb' },
    rows: facts.map(({ id, readUntil, firstReferral, lastReferral, threadOwner }) => ({
      id,
      read_until: readUntil,
      first_referral: firstReferral,
      last_referral: lastReferral,
      thread_owner: threadOwner,
    })),
  })
}
